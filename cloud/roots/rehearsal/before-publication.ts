/** The rehearsal that `root publish` asks for. */
import { verifyNatively } from '../../signing/native-verifier.ts';
import type { Rehearse } from '../published-roots.ts';
import { DEFAULT_PLAN } from './fleet.ts';
import { summaryOf } from './rehearsal-report.ts';
import { rehearse } from './rehearse.ts';
import { admittedThefts } from './rounds.ts';

/** Devices that are lost already, which no root can undo, do not keep the cure from going out. */
export const rehearseAtPublication: Rehearse = async (chain) => {
  const plan = { ...DEFAULT_PLAN, stolen: admittedThefts(chain) };
  const report = rehearse(chain, plan, { verify: verifyNatively, nowSeconds: 0 });
  return { safe: report.bricked === 0 && report.rogue === report.rogueBeforeCure, summary: summaryOf(report) };
};
