/** What a modelled campaign comes to, for people: the answer first, then what holds it up, then how it went. */
import { textTable } from '../../command-line.ts';
import { formatNumber } from '../cost-model/value.ts';
import type { Calibration } from '../fleet/model/calibrate.ts';
import type { ServiceTimes } from '../fleet/model/services.ts';
import type { Counted, Timeline } from '../fleet/model/campaign.ts';
import { type ModelledCampaign, type ModelPlan, unknownIn } from '../fleet/model/model-campaign.ts';
import { bytes, count } from '../fleet/words.ts';
import type { CostValue } from '../cost-model/value.ts';

/** `6.9 h` */
function timeOf(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 7_200_000) return `${(ms / 60_000).toFixed(1)} min`;
  return ms < 172_800_000 ? `${(ms / 3_600_000).toFixed(1)} h` : `${(ms / 86_400_000).toFixed(1)} d`;
}

export function modelText(plan: ModelPlan, campaigns: readonly [ModelledCampaign, ...ModelledCampaign[]]): string {
  const [first] = campaigns;
  return [
    headline(plan, first),
    '',
    comparison(plan, campaigns),
    ...(campaigns.length > 1 ? ['', shareOfSignature(plan, campaigns)] : []),
    '',
    boundLines(first),
    '',
    requestTable(plan, first),
    '',
    timelineText(first),
    ...unknownIn(first).map(({ quantity, why }) => `\nNot in these times: ${quantity}: ${why}`),
  ].join('\n');
}

export const nameOf = ({ algorithms }: ModelledCampaign): string => algorithms.join('+');

function headline(plan: ModelPlan, campaign: ModelledCampaign): string {
  const { run, slotMs } = campaign;
  const { devices, imageBytes, blockBytes, links, board } = plan;
  const over = links.map(
    ({ link, share }) => `${link?.name ?? 'no link'}${share < 1 ? ` ${Math.round(share * 100)} %` : ''}`,
  );
  const when = run.doneAtMs.all === undefined ? `${count(run.done)} of them are after` : 'are updated after';
  return [
    `${count(devices)} devices ${when} ${timeOf(run.doneAtMs.all ?? run.durationMs)} (modelled, not measured).`,
    `${bytes(imageBytes)} image, ${nameOf(campaign)}, blocks of ${count(blockBytes)} B, ${over.join(', ')}, ${board.name}, seed ${plan.seed}`,
    `${count(run.events)} events of devices in ${count(run.batches)} batches; times are in slots of ${slotMs} ms`,
  ].join('\n');
}

const billed = ({ bill }: ModelledCampaign, quantity: string): CostValue | undefined =>
  bill.find((value) => value.quantity === quantity);

const dollars = (value: number): string => `$${value < 10 ? value.toFixed(2) : count(value)}`;

interface Line {
  readonly name: string;
  readonly of: (campaign: ModelledCampaign) => number | undefined;
  readonly text: (value: number) => string;
}

// oxfmt-ignore
const LINES: readonly Line[] = [
  { name: 'half are done after', of: ({ run }) => run.doneAtMs.p50, text: timeOf },
  { name: '90 %', of: ({ run }) => run.doneAtMs.p90, text: timeOf },
  { name: '99 %', of: ({ run }) => run.doneAtMs.p99, text: timeOf },
  { name: 'all', of: ({ run }) => run.doneAtMs.all, text: timeOf },
  { name: 'one update, mean', of: ({ run }) => run.meanUpdateMs, text: timeOf },
  { name: 'bytes of MQTT', of: ({ run }) => run.upBytes + run.downBytes, text: bytes },
  { name: 'AWS messages, metered', of: ({ run }) => run.units, text: count },
  { name: 'AWS bill: messages', of: (it) => billed(it, 'aws-messages')?.value, text: dollars },
  { name: 'AWS bill: connections', of: (it) => billed(it, 'aws-connection')?.value, text: dollars },
  { name: 'AWS bill: jobs', of: (it) => billed(it, 'aws-jobs')?.value, text: dollars },
  { name: 'AWS bill', of: (it) => billed(it, 'aws-bill')?.value, text: dollars },
];

function comparison(plan: ModelPlan, campaigns: readonly ModelledCampaign[]): string {
  const rows = LINES.map(({ name, of, text }) => {
    const values = campaigns.map((campaign) => of(campaign));
    const [one, other] = values;
    const more = one !== undefined && other !== undefined && other !== 0 ? [percent(one / other - 1)] : [];
    return [
      name,
      ...values.map((value) => (value === undefined ? 'never' : text(value))),
      ...(campaigns.length > 1 ? more : []),
    ];
  });
  const note = plan.service.service.limits.jobRequests === Number.POSITIVE_INFINITY ? ' (as if it were AWS)' : '';
  const table = textTable(['', ...campaigns.map(nameOf), ...(campaigns.length > 1 ? ['more'] : [])], rows);
  return `${table}\nBill${note}: ${billed(campaigns[0]!, 'aws-messages')?.inputs.at(-1)?.source ?? ''}; first tier throughout`;
}

const percent = (share: number): string =>
  `${share >= 0 ? '+' : '−'}${Math.abs(share * 100).toFixed(Math.abs(share) < 0.1 ? 2 : 1)} %`;

function shareOfSignature({ devices }: ModelPlan, [one, other]: readonly ModelledCampaign[]): string {
  if (!one || !other) return '';
  const envelope = (one.updates[0]?.envelopeBytes ?? 0) - (other.updates[0]?.envelopeBytes ?? 0);
  const wire = one.run.upBytes + one.run.downBytes - other.run.upBytes - other.run.downBytes;
  const bill = (billed(one, 'aws-bill')?.value ?? 0) - (billed(other, 'aws-bill')?.value ?? 0);
  const all = (one.run.doneAtMs.all ?? Number.NaN) - (other.run.doneAtMs.all ?? Number.NaN);
  const time = Number.isNaN(all) ? '' : `, ${all < 0 ? '−' : ''}${timeOf(Math.abs(all))} until all are done`;
  return (
    `What ${nameOf(one)} adds to ${nameOf(other)}: ${count(envelope)} B in each envelope, ` +
    `${bytes(wire)} for the campaign (${count(wire / devices)} B a device), ${bill < 0 ? '−' : ''}${dollars(Math.abs(bill))}${time}.`
  );
}

const SHOWN_BOUNDS = 5;

function boundLines({ bounds }: ModelledCampaign): string {
  const shown = bounds.slice(0, SHOWN_BOUNDS).map(({ what, ms }) => `${what} ${timeOf(ms)}`);
  return `It cannot be shorter than what each of these takes alone: ${shown.join(', ')}.`;
}

function requestTable({ service }: ModelPlan, { run }: ModelledCampaign): string {
  const { limits, servers } = service.service;
  const row = (name: string, of: Counted, [limit, refused]: readonly [number, Counted]): readonly string[] => [
    name,
    count(run.counts[of]),
    count(run.peaksPerSecond[of]),
    limit === Number.POSITIVE_INFINITY ? 'none' : count(limit),
    count(run.counts[refused]),
  ];
  const table = textTable(
    ['asked for', 'in all', 'most in a second', 'limit', 'refused'],
    [
      row('connections', 'connects', [limits.connects, 'refusedConnects']),
      row('job requests', 'jobRequests', [limits.jobRequests, 'refusedJobRequests']),
      row('stream requests', 'streamRequests', [limits.streamRequests, 'refusedStreamRequests']),
      row('publishes in', 'publishesIn', [limits.publishes, 'discardedPublishes']),
    ],
  );
  const others = [
    ...(run.counts.drops > 0 ? [`${count(run.counts.drops)} connections were cut`] : []),
    ...(run.counts.rests > 0 ? [`devices gave up ${count(run.counts.rests)} times, and were run again`] : []),
    ...run.servers
      .filter((_, at) => servers[at] !== undefined)
      .map(
        ({ name, busy, longestWaitMs }) =>
          `${name}: ${(busy * 100).toFixed(1)} % busy, ${timeOf(longestWaitMs)} the longest wait`,
      ),
  ];
  return [table, ...others].join('\n');
}

const COLUMNS = 60;
const BARS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
// oxfmt-ignore
const SHOWN: readonly (readonly [string, Counted])[] = [
  ['begun', 'started'], ['done', 'done'], ['job requests', 'jobRequests'], ['refused', 'refusedJobRequests'],
  ['stream requests', 'streamRequests'], ['refused', 'refusedStreamRequests'], ['connections', 'connects'], ['refused', 'refusedConnects'],
];

function timelineText({ run }: ModelledCampaign): string {
  const { timeline } = run;
  const rows = SHOWN.filter(([, name]) => run.counts[name] > 0).map(([title, name]) => {
    const most = run.peaksPerSecond[name];
    return `${title.padEnd(16)}${barsOf(timeline, name)}  up to ${count(most)} in a second`;
  });
  const end = timeOf(timeline.counts.done.length * timeline.binMs);
  return [...rows, `${' '.repeat(16)}0${end.padStart(Math.min(COLUMNS, timeline.counts.done.length) - 1)}`].join('\n');
}

function barsOf({ counts }: Timeline, name: Counted): string {
  const bins = counts[name];
  const columns = Math.min(COLUMNS, bins.length);
  const rates = Array.from({ length: columns }, (_, column) => {
    const own = bins.slice(
      Math.floor((column * bins.length) / columns),
      Math.floor(((column + 1) * bins.length) / columns),
    );
    return own.reduce((sum, it) => sum + it, 0) / own.length;
  });
  const most = Math.max(...rates);
  return rates.map((rate) => (rate === 0 ? ' ' : (BARS[Math.ceil((rate / most) * BARS.length) - 1] ?? ' '))).join('');
}

const each = ({ requestMs, blockMs }: ServiceTimes): string =>
  `${formatNumber(requestMs)} ms a request and ${formatNumber(blockMs)} ms a block`;

export function calibrationText({ checks, fittedTo, stretch, times }: Calibration): string {
  const rows = checks.map(({ devices, isFitted, quantity, unit, predicted, measured, errorPercent }) => [
    count(devices),
    quantity,
    formatNumber(predicted),
    formatNumber(measured),
    unit,
    `${errorPercent >= 0 ? '+' : '−'}${Math.abs(errorPercent).toFixed(1)} %${isFitted && FITTED.includes(quantity) ? ' (fitted)' : ''}`,
  ]);
  return [
    `Fitted to the run of ${count(fittedTo)} devices: the cloud takes ${each(times.cloud)}, the simulated devices ${each(times.devices)};`,
    `of that, waiting for others on the machine: ${((1 - 1 / stretch) * 100).toFixed(0)} %.`,
    '',
    textTable(['devices', 'quantity', 'predicted', 'measured', '', 'error'], rows),
  ].join('\n');
}

/** What the run gives, and so cannot check. */
const FITTED = ['all done', 'devices a second', 'CPU of the cloud', 'CPU of the devices'];
