/** `bristlecone fleet --model`: the campaign by discrete events, and how well that fits real runs. */
import type { CommandResult, Io } from '../../command-line.ts';
import { UsageError } from '../../command-line.ts';
import { readFleetFile } from '../fleet/model/read-fleet.ts';
import { modelCampaign, type ModelledCampaign, type ModelPlan } from '../fleet/model/model-campaign.ts';
import { calibrate, type Calibration } from '../fleet/model/calibrate.ts';
import { AWS_QUOTAS, measuredService, type ModelledService } from '../fleet/model/services.ts';
import type { FleetResult } from '../fleet/result.ts';
import { algorithmsOf, type FleetModelOptions, planOf } from './fleet-model-options.ts';
import { calibrationText, modelText, nameOf } from './fleet-model-text.ts';

export async function runFleetModel(options: FleetModelOptions, io: Io): Promise<CommandResult> {
  if (options.service !== 'aws' && options.service !== 'measured')
    throw new UsageError(`--service: expected aws or measured, got ${JSON.stringify(options.service.slice(0, 40))}`);
  const calibration =
    options.calibrate && (await calibrate(resultsOf(options.calibrate), (names) => algorithmsOf(names, '--calibrate')));
  if (calibration && !options.model) return { json: calibration, text: calibrationText(calibration) };
  const plan = planOf(options, serviceOf(options, calibration));
  const one = await modelled(plan, options.algorithm, { io, option: '--algorithm' });
  const others =
    options.against === 'none' || options.against === options.algorithm
      ? []
      : [await modelled(plan, options.against, { io, option: '--against' })];
  return {
    json: {
      format: 'bristlecone-fleet-model',
      version: 1,
      plan: planJson(plan),
      quotas: AWS_QUOTAS,
      campaigns: [one, ...others],
    },
    text: [...(calibration ? [calibrationText(calibration), ''] : []), modelText(plan, [one, ...others])].join('\n'),
    exit: [one, ...others].every(({ run }) => run.doneAtMs.all !== undefined) ? 'done' : 'refused',
  };
}

/** The cloud of the runs; the devices are real ones then, with processors of their own. */
function serviceOf({ service }: FleetModelOptions, calibration: Calibration | undefined): ModelledService | undefined {
  if (service === 'aws') return undefined;
  if (!calibration)
    throw new UsageError(
      '--service measured: expected --calibrate FILE too, the fleet.json of a run: `bristlecone fleet`',
    );
  const { cloud } = calibration.times;
  return measuredService({ cloud, devices: { requestMs: 0, blockMs: 0 } }, 1);
}

const resultsOf = (files: readonly string[]): readonly FleetResult[] => files.map((file) => readFleetFile(file));

async function modelled(
  plan: ModelPlan,
  algorithm: string,
  { io, option }: { readonly io: Io; readonly option: string },
): Promise<ModelledCampaign> {
  const algorithms = algorithmsOf(algorithm, option);
  const bar = io.progress(algorithms.join('+'), plan.devices);
  const startMs = io.nowMs();
  try {
    const campaign = await modelCampaign(plan, algorithms, (done) => bar.update(done));
    const seconds = Math.max(0.001, (io.nowMs() - startMs) / 1_000);
    const rate = Math.round(campaign.run.events / seconds).toLocaleString('en-US');
    io.note(`${nameOf(campaign)}: simulated in ${seconds.toFixed(1)} s, ${rate} events a second`);
    return campaign;
  } finally {
    bar.stop();
  }
}

const planJson = ({ service, board, links, ...plan }: ModelPlan) => ({
  ...plan,
  board: board.name,
  links: links.map(({ link, share }) => ({ link: link?.name ?? 'none', share })),
  service: service.service,
});
