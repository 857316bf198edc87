/** Fleets, where results of any were given: how many devices, how fast, against what ceiling, and whether all is well. */
import { percentile } from '../../fleet/histogram.ts';
import type { FleetResult } from '../../fleet/result.ts';
import { powers, roomFor } from './axes.ts';
import { type Canvas, chart, HALO, INK, MUTED, PAPER, Plot, RULE } from './chart.ts';
import type { Figure } from './figure.ts';
import { html, type Markup } from './html.ts';
import { counted, countText, durationText, fixed, sizeText, withUnit } from './numbers.ts';
import { SHARES, percentileName } from './percentiles.ts';
import { renderTable, type Table } from './table.ts';

export function fleetSection(fleets: readonly FleetResult[]): Markup {
  return html`<section aria-labelledby="fleets">
    <h2 id="fleets">A fleet at once</h2>
    ${fleets.map((fleet) => html`<p>${describeFleet(fleet)}</p>`)} ${renderTable(fleetTable(fleets), 'fleet-table')}
    ${renderTable(latencyTable(fleets), 'fleet-latency-table')} ${fleets.map(checksOf)}
  </section>`;
}

const nameOf = ({ devices, options }: FleetResult): string => `${countText(devices)} devices, ${options.broker} broker`;

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, it) => sum + it, 0);

function describeFleet(fleet: FleetResult): string {
  const { counts, devices, seconds, options, ceiling } = fleet;
  const refused = total(counts.refused);
  const failed = total(counts.failed);
  const others = [
    ...(refused > 0 ? [`${countText(refused)} refused`] : []),
    ...(failed > 0 ? [`${countText(failed)} failed`] : []),
    `${countText(counts.lost)} lost`,
  ];
  const ratio = ceiling
    ? ` While blocks flowed they came at ${fixed(ceiling.deliveryRatio, 2)} of the ceiling that the same broker reaches with bare packets of the same size.`
    : '';
  const whole = fleet.isWhole ? '' : ' The run was interrupted.';
  return `${countText(counts.done)} of ${counted(devices, 'simulated device')} took an image of ${sizeText(options.imageBytes)}, signed with ${options.algorithm}, in ${durationText(seconds)} (${options.broker} broker); ${others.join(', ')}.${ratio}${whole}`;
}

const fleetTable = (fleets: readonly FleetResult[]): Table => ({
  caption: 'Fleets: devices and cloud together on the machines named below',
  columns: [
    ...[{ head: 'fleet' }, { head: 'done', digits: 0 }, { head: 'refused', digits: 0 }, { head: 'failed', digits: 0 }],
    ...[
      { head: 'lost', digits: 0 },
      { head: 'time, s', digits: 1 },
      { head: 'blocks/s', digits: 0 },
      { head: 'received, MB/s', digits: 2 },
    ],
    ...[{ head: 'of the ceiling', digits: 2 }, { head: 'memory per device, KiB', digits: 1 }, { head: 'seed' }],
  ],
  rows: fleets.map((fleet) => [
    ...[nameOf(fleet), fleet.counts.done, total(fleet.counts.refused), total(fleet.counts.failed), fleet.counts.lost],
    ...[fleet.seconds, fleet.delivery.blocksPerSecond, fleet.delivery.receivedBytesPerSecond / 1e6],
    ...[fleet.ceiling?.deliveryRatio, fleet.fleet.rssBytesPerDevice / 1_024, String(fleet.options.seed)],
  ]),
});

const latencyTable = (fleets: readonly FleetResult[]): Table => ({
  caption: 'Milliseconds on these machines: no device’s',
  columns: [
    { head: 'fleet' },
    { head: 'from, to' },
    { head: 'n', digits: 0 },
    ...SHARES.map((share) => ({ head: percentileName(share), digits: 1 })),
  ],
  rows: fleets.flatMap((fleet) =>
    (
      [
        ['a request to its block', fleet.latencies.blockMs],
        ['connecting to the first block', fleet.latencies.firstByteMs],
        ['connecting to the report', fleet.latencies.updateMs],
      ] as const
    ).map(([what, times]) => [
      nameOf(fleet),
      what,
      times.n,
      ...SHARES.map((share) => (times.n * (1 - share) < 1 ? undefined : percentile(times, share))),
    ]),
  ),
});

function checksOf(fleet: FleetResult): Markup {
  const broken = fleet.checks.filter(({ isHeld }) => !isHeld);
  const machine = fleet.machines
    .map(({ cpu, cores, node }) => `${cpu}, ${counted(cores, 'core')}, Node ${node}`)
    .join('; ');
  return html`<details>
    <summary>
      ${nameOf(fleet)}: ${fleet.checks.length - broken.length} of ${counted(fleet.checks.length, 'check')} held
    </summary>
    <ul>
      ${fleet.checks.map(({ name, isHeld, expected, got }) => html`<li><b>${isHeld ? 'held' : 'BROKEN'}</b> ${name}: expected ${expected}, got ${got}</li>`)}
    </ul>
    <p class="facts">${machine}</p>
  </details>`;
}

/** Of the fleet that grew most; undefined where none did. */
export function growthFigure(fleets: readonly FleetResult[]): Figure | undefined {
  const [fleet] = fleets
    .filter(({ growth }) => (growth?.length ?? 0) > 1)
    .toSorted((a, b) => (b.growth?.length ?? 0) - (a.growth?.length ?? 0));
  const rows = fleet?.growth?.toSorted((a, b) => a.devices - b.devices) ?? [];
  const [first] = rows;
  const last = rows.at(-1);
  if (!fleet || !first || !last) return undefined;
  return {
    ...{ id: 'growth', title: 'How a fleet grows' },
    finding: `${countText(first.devices)} devices take ${durationText(first.seconds)}, ${countText(last.devices)} take ${durationText(last.seconds)}: ${fixed(first.devicesPerSecond, 0)} and ${fixed(last.devicesPerSecond, 0)} devices a second.`,
    caption: `Devices a second by the number of devices, ${fleet.options.broker} broker, images of ${sizeText(fleet.options.imageBytes)}.`,
    how: 'Measured on the machine named below.',
    sources: [],
    draw: (canvas) => drawGrowth(rows, canvas),
    table: {
      caption: 'Growth',
      columns: [
        ...[
          { head: 'devices' },
          { head: 'time, s', digits: 1 },
          { head: 'devices/s', digits: 1 },
          { head: 'blocks/s', digits: 0 },
        ],
        ...[
          { head: 'p99 of blocks, ms', digits: 1 },
          { head: 'memory per device, KiB', digits: 1 },
        ],
        ...[
          { head: 'cloud, MiB', digits: 0 },
          { head: 'CPU per device, ms', digits: 2 },
          { head: 'of the ceiling', digits: 2 },
        ],
      ],
      rows: rows.map((row) => [
        ...[countText(row.devices), row.seconds, row.devicesPerSecond, row.blocksPerSecond, row.blockP99Ms],
        ...[row.rssBytesPerDevice / 1_024, row.cloudRssBytes / 2 ** 20, row.cpuMsPerDevice, row.deliveryRatio],
      ]),
    },
  };
}

function drawGrowth(rows: NonNullable<FleetResult['growth']>, canvas: Canvas): Markup {
  const x = roomFor(
    rows.map(({ devices }) => devices),
    1.5,
  );
  const most = Math.max(...rows.map(({ devicesPerSecond }) => devicesPerSecond)) * 1.2;
  return chart(canvas, {
    ...{ height: 260, marginTop: 26, marginLeft: 44, marginRight: 24, marginBottom: 40 },
    x: { type: 'log', domain: [x.least, x.most], label: null },
    y: { domain: [0, most], label: null },
    marks: [
      Plot.gridY({ ticks: 4, stroke: RULE, strokeOpacity: 1 }),
      Plot.axisY({ ticks: 4, tickSize: 0, fill: MUTED }),
      Plot.axisX(powers(10, x), { tickSize: 4, color: MUTED, tickFormat: countText }),
      Plot.text(['devices a second'], { frameAnchor: 'top-left', dx: -44, dy: -22, textAnchor: 'start', fill: MUTED }),
      Plot.text(['devices'], { frameAnchor: 'bottom-right', dy: 38, textAnchor: 'end', fill: MUTED }),
      Plot.line(rows, { x: 'devices', y: 'devicesPerSecond', stroke: INK, strokeWidth: 2 }),
      Plot.dot(rows, { x: 'devices', y: 'devicesPerSecond', r: 4, fill: INK, stroke: PAPER }),
      Plot.text(rows, {
        ...{ x: 'devices', y: 'devicesPerSecond', dy: -12, fontWeight: 600, fill: INK, ...HALO },
        text: ({ devicesPerSecond }) => withUnit(fixed(devicesPerSecond, 0), '/s'),
      }),
    ],
  });
}
