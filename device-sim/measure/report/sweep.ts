/**
 * A figure varies one or two axes and holds all others. Of all sets of cases that differ in nothing but these, the one
 * with the most cases is drawn; where several have as many, the one that holds most of the base case.
 */
import type { Axis, CaseChoice } from '../experiment/experiment.ts';
import type { CaseSpec } from '../results/results.ts';
import type { MeasuredCase } from './cases.ts';
import { countText, listText, sizeText, withUnit } from './numbers.ts';

type Held = Readonly<Record<Axis, string | number>>;

export interface Sweep {
  readonly cases: readonly MeasuredCase[];
  /** What all of its cases have in common, for a caption: `102,432 B image (movehub 4.0.0b5), 4,096 B blocks, QoS 1, …`. */
  readonly held: string;
}

// oxfmt-ignore
const AXES: readonly Axis[] = [
  'algorithm', 'image', 'blockBytes', 'qos', 'encoding', 'mqttVersion', 'security', 'certificate', 'transport', 'broker',
];

const axesOf = ({ image, certificate, ...spec }: CaseSpec): Held => ({
  ...spec,
  image: image.name,
  certificate: certificate ?? '',
});

/** Empty where there are no cases. */
export function sweepOf(
  cases: readonly MeasuredCase[],
  { varied, base }: { readonly varied: readonly Axis[]; readonly base: CaseChoice },
): Sweep {
  const held = AXES.filter((axis) => !varied.includes(axis));
  const groups = Map.groupBy(cases, ({ spec }) => JSON.stringify(held.map((axis) => axesOf(spec)[axis])));
  const nearness = ([first]: readonly MeasuredCase[]): number =>
    first ? held.filter((axis) => axesOf(first.spec)[axis] === base[axis]).length : 0;
  const [largest = []] = [...groups.values()].toSorted((a, b) => b.length - a.length || nearness(b) - nearness(a));
  const [first] = largest;
  return { cases: largest, held: first ? listText(held.flatMap((axis) => describeAxis(axis, first.spec) ?? [])) : '' };
}

/** Certificates count only where there is TLS. */
export const differencesOf = (spec: CaseSpec, base: CaseChoice): readonly Axis[] =>
  AXES.filter((axis) => axesOf(spec)[axis] !== base[axis]).filter(
    (axis) => axis !== 'certificate' || spec.security !== 'plain',
  );

/** `256 B blocks`; empty of the base case. */
export const describeDifference = (spec: CaseSpec, base: CaseChoice, except: readonly Axis[]): string =>
  listText(
    differencesOf(spec, base)
      .filter((axis) => !except.includes(axis))
      .flatMap((axis) => describeAxis(axis, spec) ?? []),
  );

const DESCRIPTIONS: Readonly<Record<Axis, (spec: CaseSpec) => string | undefined>> = {
  algorithm: ({ algorithm }) => (algorithm === 'none' ? 'no signature' : algorithm),
  image: ({ image }) => describeImage(image),
  blockBytes: ({ blockBytes }) => `${withUnit(countText(blockBytes), 'B')} blocks`,
  qos: ({ qos }) => `QoS ${qos}`,
  encoding: ({ encoding }) => encoding.toUpperCase(),
  mqttVersion: ({ mqttVersion }) => (mqttVersion === 4 ? 'MQTT 3.1.1' : `MQTT ${mqttVersion}`),
  security: ({ security }) => ({ plain: 'no TLS', tls: 'TLS', mtls: 'mutual TLS' })[security],
  certificate: ({ certificate }) => certificate && `${certificate} certificates`,
  transport: ({ transport }) => ({ mqttjs: 'MQTT.js', 'aws-sdk': 'AWS IoT Device SDK v2' })[transport],
  broker: ({ broker }) => (broker === 'embedded' ? 'embedded broker' : `broker ${broker}`),
};

const describeAxis = (axis: Axis, spec: CaseSpec): string | undefined => DESCRIPTIONS[axis](spec);

/** `movehub 4.0.0b5 (100 KiB)`; a name that says its size already is enough. */
export function describeImage({ name, imageBytes }: CaseSpec['image']): string {
  return /\d\s*[KM]i?B/.test(name) ? name : `${name} (${sizeText(imageBytes)})`;
}
