/** An experiment file with all its defaults, names that are known, and files that are there. */
import { resolve } from 'node:path';
import { ALGORITHMS } from '../../../protocol/cose/algorithms.ts';
import { MAX_STREAM_FILE_BYTES } from '../../../protocol/limits.ts';
import { BOARDS } from '../../profiles/boards.ts';
import { LINKS } from '../../profiles/links.ts';
import { BadExperiment, nearestName, type Problem } from './bad-experiment.ts';
import { ALL, type ExperimentFile, type OwnImage } from './experiment-schema.ts';
import { type CaseChoice, DEFAULT_BASE, type Experiment, type ExperimentImage, type Scheme } from './experiment.ts';
import { IMAGE_NAMES, imageOfFile, knownImage } from './images.ts';
import type { ExperimentSource } from './read-experiment.ts';
import { algorithmNames, SCHEMES, signatureSize } from './schemes.ts';

/** Its flash takes every image that an experiment names by default, and its RAM blocks of up to 32 KB. */
const RUNS_ON = 'esp32-c3';

/** @throws {BadExperiment} */
export function resolveExperiment({ file, folder, content }: ExperimentSource): Experiment {
  const problems: Problem[] = [];
  const schemes = ownSchemes(content, problems);
  const own = ownImages(content, { folder, problems });
  const base = { ...DEFAULT_BASE, ...content.base };
  const sweeps = content.sweeps ?? [];
  const used = valuesOf(content, base);
  for (const { at, name } of used('algorithm')) {
    if (signatureSize(name, schemes)) continue;
    const known = algorithmNames(schemes);
    const expected = `one of ${known.join(', ')}, or several with +`;
    problems.push({ at, expected, got: name, nearest: nearestName(name, known) });
  }
  const images = new Map<string, ExperimentImage>();
  for (const { at, name } of used('image')) {
    const image = own.get(name) ?? knownImage(name);
    const known = [...IMAGE_NAMES, ...own.keys()];
    if (image) images.set(name, image);
    else problems.push({ at, expected: `one of ${known.join(', ')}`, got: name, nearest: nearestName(name, known) });
  }
  if (problems.length > 0) throw new BadExperiment(file, problems);
  return {
    name: content.name ?? 'experiment',
    description: content.description?.trim() ?? '',
    seed: content.seed ?? 1,
    repetitions: content.repetitions ?? 1,
    runsOn: content.runsOn ?? RUNS_ON,
    base,
    sweeps,
    links: namesOf(content.links, LINKS),
    boards: namesOf(content.boards, BOARDS),
    schemes: schemes.filter(({ name }) => used('algorithm').some((it) => it.name.split('+').includes(name))),
    images: [...images.values()],
    handshakes: content.handshakes ?? true,
  };
}

/** Where each value of an axis is written. */
const valuesOf =
  (content: ExperimentFile, base: CaseChoice) =>
  (axis: 'algorithm' | 'image'): readonly { readonly at: string; readonly name: string }[] => [
    { at: `base.${axis}`, name: base[axis] },
    ...(content.sweeps ?? []).flatMap((sweep, index) =>
      (sweep[axis] ?? []).map((name, value) => ({ at: `sweeps[${index}].${axis}[${value}]`, name })),
    ),
  ];

function ownSchemes({ schemes = [] }: ExperimentFile, problems: Problem[]): readonly Scheme[] {
  const taken = [...ALGORITHMS, ...SCHEMES].map(({ name }) => name);
  for (const [index, { name }] of schemes.entries()) {
    if (taken.includes(name) || name === 'none')
      problems.push({ at: `schemes[${index}].name`, expected: 'a name that is not taken', got: name });
    taken.push(name);
  }
  return [...SCHEMES, ...schemes.map((scheme) => ({ source: 'the experiment’s own', ...scheme }))];
}

function ownImages(
  { images = [] }: ExperimentFile,
  { folder, problems }: { readonly folder: string; readonly problems: Problem[] },
): ReadonlyMap<string, ExperimentImage> {
  const own = new Map<string, ExperimentImage>();
  for (const [index, image] of images.entries()) {
    const at = `images[${index}]`;
    const isTaken = own.has(image.name) || IMAGE_NAMES.includes(image.name);
    if (isTaken) problems.push({ at: `${at}.name`, expected: 'a name that is not taken', got: image.name });
    else if ((image.file === undefined) === (image.imageBytes === undefined))
      problems.push({ at, expected: 'either imageBytes or file', got: image });
    else {
      const found = readOwnImage(image, folder);
      if (found) own.set(image.name, found);
      else
        problems.push({
          at: `${at}.file`,
          expected: `a file of 1 to ${MAX_STREAM_FILE_BYTES} bytes that can be read`,
          got: image.file,
        });
    }
  }
  return own;
}

function readOwnImage({ name, imageBytes, file }: OwnImage, folder: string): ExperimentImage | undefined {
  if (file === undefined) return { name, imageBytes: imageBytes ?? 0 };
  try {
    return imageOfFile(name, resolve(folder, file));
  } catch {
    return undefined;
  }
}

const namesOf = (
  named: readonly string[] | undefined,
  profiles: readonly { readonly name: string }[],
): readonly string[] => (!named || named.includes(ALL) ? profiles.map(({ name }) => name) : named);
