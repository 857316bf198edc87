/** A measured run over a link: time, bytes of each layer, time on air, energy of the radio. */
import { handshakeOf } from '../../cli/run-handshake.ts';
import { linkValues } from '../../cost-model/link-values.ts';
import { type PhaseLayers, phaseLayers } from '../../cost-model/phase-layers.ts';
import type { CostValue } from '../../cost-model/value.ts';
import { replay } from '../../links/replay.ts';
import { type Phase, PHASES } from '../../metrics/phases.ts';
import { linkNamed, type LinkProfile } from '../../profiles/links.ts';
import type { NotKnown } from '../results/results.ts';
import type { ModelInput } from './model-input.ts';

export interface LinkModel {
  readonly profile: LinkProfile;
  readonly values: readonly CostValue[];
  /** Those below the payload add to the one above. */
  readonly layers: readonly { readonly phase: Phase; readonly quantity: string; readonly value: number }[];
  readonly notKnown: readonly NotKnown[];
}

/** @throws {RangeError} where there is no such link */
export function modelLink(name: string, { rows, trace, seed, spec }: ModelInput): LinkModel {
  const profile = linkNamed(name);
  if (!profile) throw new RangeError(`experiment: no link ${name}`);
  const tls = handshakeOf(rows, trace);
  const use = replay(trace, { link: profile, seed, ...(tls && { tls }) });
  const { values, unavailable } = linkValues(profile, use);
  const { algorithm } = spec;
  return {
    profile,
    values,
    layers: phaseLayers(rows, use.phases).flatMap(layersOf),
    notKnown: unavailable.map((it) => ({ link: name, profile: '', algorithm, ...it })),
  };
}

function layersOf({ phase: name, ...layers }: PhaseLayers): LinkModel['layers'] {
  const phase = PHASES.find((it) => it === name);
  if (!phase) throw new RangeError(`experiment: no phase ${name}`);
  return [
    { phase, quantity: 'layer-payload', value: layers.payloadBytes },
    { phase, quantity: 'layer-mqtt', value: layers.mqttBytes },
    { phase, quantity: 'layer-tls', value: layers.tlsBytes },
    { phase, quantity: 'layer-tcp-ip', value: layers.tcpIpBytes },
    { phase, quantity: 'layer-frames', value: layers.frameBytes },
    { phase, quantity: 'seconds', value: layers.seconds },
  ];
}
