/** Figure: bytes of an update by phase, and by what carries them. */
import { linkNamed } from '../../profiles/links.ts';
import type { MeasureResults } from '../results/results.ts';
import { shortName } from './axes.ts';
import { barRows, keyOf } from './bars.ts';
import { algorithmsOf, casesOf, type MeasuredCase, modelledOf } from './cases.ts';
import { baselineOf, colourOf, protagonistOf } from './families.ts';
import type { Figure } from './figure.ts';
import { fixed, percentText, sizeText, withUnit } from './numbers.ts';
import { sweepOf } from './sweep.ts';
import { CASE_COLUMN } from './table.ts';

const HEAD = { id: 'layers', title: 'Bytes by phase, and by what carries them' };
const MISSING =
  'No link was named, and what is below MQTT depends on it: `bristlecone measure --link nb-iot` draws this figure.';

const GREY = 'var(--muted)';
// oxfmt-ignore
const LAYERS = [
  { quantity: 'layer-payload', title: 'payload (CBOR, JSON)', head: 'payload, B', fill: GREY, stroke: GREY },
  { quantity: 'layer-mqtt', title: 'MQTT', head: 'MQTT, B', fill: 'url(#pattern-diagonal)', stroke: GREY },
  { quantity: 'layer-tls', title: 'TLS', head: 'TLS, B', fill: 'url(#pattern-cross)', stroke: GREY },
  { quantity: 'layer-tcp-ip', title: 'TCP/IP', head: 'TCP/IP, B', fill: 'url(#pattern-dots)', stroke: GREY },
  { quantity: 'layer-frames', title: 'frames of the link', head: 'frames, B', fill: 'var(--paper)', stroke: GREY },
] as const;

/** In the order of an update; those without bytes are left out. */
const PHASES = ['connect', 'job', 'envelope', 'image', 'report'];

interface PhaseBytes {
  readonly of: MeasuredCase;
  readonly phase: string;
  /** In the order of LAYERS. */
  readonly bytes: readonly number[];
  readonly totalBytes: number;
}

export function layersFigure(results: MeasureResults): Figure {
  const { experiment } = results;
  const sweep = sweepOf(casesOf(results), { varied: ['algorithm', 'image'], base: experiment.base });
  const link = experiment.links.find((name) => linkNamed(name)?.carries.kind === 'ip') ?? experiment.links[0];
  const shown = link === undefined ? [] : comparedCases(sweep.cases);
  const rows = shown.flatMap((it) => PHASES.flatMap((phase) => phaseBytesOf(it, phase, link ?? '') ?? []));
  const [first] = rows;
  if (!first || link === undefined) return { ...HEAD, missing: MISSING };
  const { image } = first.of.spec;
  return {
    ...HEAD,
    finding: findingOf(rows),
    caption: `Of the smallest image that was measured (${image.name}, ${sizeText(image.imageBytes)}), where no phase hides the others, over ${linkNamed(link)?.title ?? link}; ${sweep.held}.`,
    how: 'Measured: payload and MQTT, at the socket. Modelled: the layers below, by a replay of the run over the link.',
    sources: [`link ${link}`],
    key: keyOf(LAYERS.filter((_, at) => rows.some(({ bytes }) => (bytes[at] ?? 0) > 0))),
    draw: (canvas) =>
      barRows(
        rows.map(({ of, phase, bytes, totalBytes }) => ({
          name: `${phase}, ${shortName(of.spec.algorithm, 24)}`,
          colour: colourOf(of.spec.algorithm),
          segments: LAYERS.map(({ fill, stroke }, at) => ({ value: bytes[at] ?? 0, fill, stroke })),
          value: withUnit(fixed(totalBytes, 0), 'B'),
        })),
        canvas,
        'bytes on the link, both directions',
      ),
    table: {
      caption: `Bytes on ${link}, both directions`,
      columns: [
        ...[{ head: 'algorithm' }, { head: 'phase' }, ...LAYERS.map(({ head }) => ({ head, digits: 0 }))],
        ...[{ head: 'all, B', digits: 0 }, CASE_COLUMN],
      ],
      rows: rows.map(({ of, phase, bytes, totalBytes }) => [
        ...[of.spec.algorithm, phase, ...bytes, totalBytes, { caseNumber: of.number }],
      ]),
    },
  };
}

/** The baseline and the algorithm that the report is about, with the smallest image that both have. */
function comparedCases(cases: readonly MeasuredCase[]): readonly MeasuredCase[] {
  const algorithms = algorithmsOf(cases);
  const names = [baselineOf(algorithms), protagonistOf(algorithms)];
  const bySize = cases.toSorted((a, b) => a.spec.image.imageBytes - b.spec.image.imageBytes);
  const groups = [...Map.groupBy(bySize, ({ spec }) => spec.image.name).values()].map((group) =>
    group.filter(({ spec }) => names.includes(spec.algorithm)),
  );
  const most = Math.max(0, ...groups.map(({ length }) => length));
  return (
    groups.find(({ length }) => length === most)?.toSorted((a, b) => a.spec.signatureBytes - b.spec.signatureBytes) ??
    []
  );
}

function phaseBytesOf(of: MeasuredCase, phase: string, link: string): PhaseBytes | undefined {
  const bytes = LAYERS.map(({ quantity }) => modelledOf(of, { quantity, phase, link })?.value ?? 0);
  const totalBytes = bytes.reduce((sum, it) => sum + it, 0);
  return totalBytes === 0 ? undefined : { of, phase, bytes, totalBytes };
}

function findingOf(rows: readonly PhaseBytes[]): string {
  const last = rows.at(-1)?.of;
  const of = rows.filter((row) => row.of === last);
  const total = of.reduce((sum, { totalBytes }) => sum + totalBytes, 0);
  const payload = of.reduce((sum, { bytes }) => sum + (bytes[0] ?? 0), 0);
  const envelope = of.find(({ phase }) => phase === 'envelope');
  const share = envelope
    ? `; the envelope with its signature is ${percentText((100 * envelope.totalBytes) / total)}`
    : '';
  return `Of ${sizeText(total)} on the link with ${last?.spec.algorithm ?? ''}, ${percentText((100 * payload) / total)} is payload, and the rest carries it${share}.`;
}
