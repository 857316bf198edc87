import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadExperiment } from '../../../../device-sim/measure/experiment/bad-experiment.ts';
import {
  overrideExperiment,
  parseExperiment,
  PRESETS,
  readExperiment,
} from '../../../../device-sim/measure/experiment/read-experiment.ts';
import { resolveExperiment } from '../../../../device-sim/measure/experiment/resolve-experiment.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const parse = (text: string, folder = '.') => parseExperiment(text, { file: 'mine.yaml', folder });
const resolved = (text: string, folder?: string) => resolveExperiment(parse(text, folder));

/** 9⁵ values of 200 bytes. */
const BOMB = ['a: &a [x,x,x,x,x,x,x,x,x]', ...['ab', 'bc', 'cd', 'de'].map(bombLine)].join('\n');

function bombLine([from = '', to = '']: string): string {
  return `${to}: &${to} [${Array.from({ length: 9 }, () => `*${from}`).join(',')}]`;
}

function badExperimentOf(text: string): BadExperiment {
  try {
    resolved(text);
  } catch (error) {
    if (error instanceof BadExperiment) return error;
    throw error;
  }
  throw new Error('expected a BadExperiment, but nothing was thrown');
}

describe('an experiment file', () => {
  it.each<[name: string, text: string, at: string, message: string]>([
    ['no YAML', 'sweeps: [', '', 'expected YAML or JSON, got "Flow sequence'],
    ['a list', '[1, 2]', '', 'expected an object, got [1,2]'],
    ['a number for a name', 'name: 12', 'name', 'name: expected a string, got 12'],
    ['a name with a slash', 'name: a/b', 'name', 'name: expected letters, digits, . _ -, got "a/b"'],
    ['a field of a slip', 'sweep: []', 'sweep', 'expected one of the fields name, description'],
    ['and what it is near', 'sweep: []', 'sweep', 'did you mean sweeps?'],
    ['an axis of a slip', 'base: { blokBytes: 512 }', 'base.blokBytes', 'did you mean blockBytes?'],
    ['an axis in a sweep', 'sweeps: [{ qoss: [1] }]', 'sweeps[0].qoss', 'got "qoss"; did you mean qos?'],
    ['an empty sweep', 'sweeps: [{}]', 'sweeps[0]', 'sweeps[0]: expected at least one, got {}'],
    ['an axis without values', 'sweeps: [{ qos: [] }]', 'sweeps[0].qos', 'expected at least one, got []'],
    ['a value twice', 'sweeps: [{ qos: [1, 1] }]', 'sweeps[0].qos', 'expected each value once, got [1,1]'],
    ['QoS 2', 'base: { qos: 2 }', 'base.qos', 'base.qos: expected one of 0, 1, got 2'],
    ['small blocks', 'base: { blockBytes: 12 }', 'base.blockBytes', 'at least 256, got 12; did you mean 256?'],
    [
      'large blocks',
      'base: { blockBytes: 200000 }',
      'base.blockBytes',
      'at most 131072, got 200000; did you mean 131072?',
    ],
    ['odd blocks', 'base: { blockBytes: 1023 }', 'base.blockBytes', 'a multiple of 4, got 1023; did you mean 1024?'],
    ['blocks in words', 'base: { blockBytes: 4k }', 'base.blockBytes', 'expected an integer, got "4k"'],
    ['an encoding', 'base: { encoding: cobr }', 'base.encoding', 'one of cbor, json, got "cobr"; did you mean cbor?'],
    ['a version', 'base: { mqttVersion: 3 }', 'base.mqttVersion', 'expected one of 4, 5, got 3'],
    ['a certificate', 'base: { certificate: RSA }', 'base.certificate', 'one of P-256, ML-DSA-44'],
    ['a broker', 'base: { broker: emqx }', 'base.broker', 'embedded, mosquitto or mqtt://host:port, got "emqx"'],
    ['an algorithm', 'base: { algorithm: ML-DSA65 }', 'base.algorithm', 'got "ML-DSA65"; did you mean ML-DSA-65?'],
    [
      'one in a sweep',
      'sweeps: [{ algorithm: [none, P-256] }]',
      'sweeps[0].algorithm[1]',
      'expected one of none, ES256',
    ],
    ['half a hybrid', 'base: { algorithm: ES256+x }', 'base.algorithm', 'or several with +, got "ES256+x"'],
    ['a hybrid of one', 'base: { algorithm: ES256+ES256 }', 'base.algorithm', 'got "ES256+ES256"'],
    ['an image', 'base: { image: moviehub }', 'base.image', 'got "moviehub"; did you mean movehub?'],
    ['a link', 'links: [nbiot]', 'links[0]', 'got "nbiot"; did you mean nb-iot?'],
    ['a board', 'boards: [rp2350]', 'boards[0]', 'got "rp2350"; did you mean rp2040?'],
    ['a board to run on', 'runsOn: esp32', 'runsOn', 'did you mean esp32-c3?'],
    ['no repetition', 'repetitions: 0', 'repetitions', 'expected at least 1, got 0; did you mean 1?'],
    [
      'a scheme without size',
      'schemes: [{ name: x, publicKeyBytes: 1 }]',
      'schemes[0].signatureBytes',
      'expected a value, got nothing',
    ],
    [
      'a scheme that there is',
      'schemes: [{ name: ES256, signatureBytes: 1, publicKeyBytes: 1 }]',
      'schemes[0].name',
      'a name that is not taken',
    ],
    ['an image of nothing', 'images: [{ name: x }]', 'images[0]', 'either imageBytes or file'],
    ['an image of two', 'images: [{ name: x, imageBytes: 1, file: y }]', 'images[0]', 'either imageBytes or file'],
    ['no such file', 'images: [{ name: x, file: no.bin }]', 'images[0].file', 'that can be read, got "no.bin"'],
    ['a folder for a file', 'images: [{ name: x, file: . }]', 'images[0].file', 'a file of 1 to 25165824 bytes'],
    [
      'a device for a file',
      'images: [{ name: x, file: /dev/zero }]',
      'images[0].file',
      'a file of 1 to 25165824 bytes',
    ],
    ['a list that contains itself', 'sweeps: &a [*a]', '', 'none to what it is in, got "Converting circular'],
    ['aliases of aliases', BOMB, '', 'at most 100 aliases, and none to what it is in, got "Excessive alias count'],
    ['an image that there is', 'images: [{ name: 1m, imageBytes: 5 }]', 'images[0].name', 'a name that is not taken'],
  ])('says what is wrong: %s', (_name, text, at, message) => {
    const error = badExperimentOf(text);

    expect(error.code).toBe('bad-experiment');
    expect(error.at).toBe(at);
    expect(error.message).toContain('mine.yaml: ');
    expect(error.message).toContain(message);
  });

  it('gets all that is wrong at once, and no more than can be read', () => {
    const error = badExperimentOf('{ seed: x, repetitions: y, links: z, boards: w, name: 1, handshakes: 2 }');

    expect(error.problems).toHaveLength(6);
    expect(error.message.split('\n')).toHaveLength(6);
    expect(error.message).toContain('and 1 more');
  });

  it('is an experiment or a BadExperiment, whatever it says', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          resolved(text);
        } catch (error) {
          if (!(error instanceof BadExperiment)) throw error;
        }
      }),
    );
  });

  it('may be empty: the base case alone, over every link and on every board', () => {
    const experiment = resolved('');

    expect(experiment).toMatchObject({ seed: 1, repetitions: 1, sweeps: [], base: { algorithm: 'ML-DSA-65' } });
    expect([experiment.links.length, experiment.boards.length]).toEqual([9, 6]);
  });

  it('can be JSON', () => {
    expect(resolved('{"base": {"qos": 0}}').base.qos).toBe(0);
  });

  it('brings schemes and images of its own, and remembers which bytes they were', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'fw.bin'), 'firmware');
    const experiment = resolved(
      `base: { algorithm: ES256+Mine, image: fw }
schemes: [{ name: Mine, signatureBytes: 100, publicKeyBytes: 50 }, { name: Other, signatureBytes: 1, publicKeyBytes: 1 }]
images: [{ name: fw, file: fw.bin }]`,
      folder,
    );

    expect(experiment.schemes.map(({ name }) => name)).toEqual(['Mine']);
    expect(experiment.images).toEqual([
      { name: 'fw', imageBytes: 8, sha256: expect.stringMatching(/^[0-9a-f]{64}$/), file: join(folder, 'fw.bin') },
    ]);
  });

  it('is missing', () => {
    expect(() => readExperiment('quik')).toThrow('expected one of quick, standard, full, or a file, got "quik"');
  });
});

describe('a preset', () => {
  it.each(PRESETS)('%s can be run as it is', (name) => {
    expect(resolveExperiment(readExperiment(name)).name).toBe(name);
  });
});

describe('flags', () => {
  const source = parse(
    'base: { qos: 0 }\nsweeps: [{ algorithm: [none, ES256], blockBytes: [256] }, { encoding: [json] }]',
  );
  const none = { axes: {}, cross: false, rest: {} };

  it('say nothing, and change nothing', () => {
    expect(overrideExperiment(source, none).content).toEqual({ ...source.content, base: { qos: 0 } });
  });

  it('take the place of values in every sweep over their axis', () => {
    const { content } = overrideExperiment(source, { ...none, axes: { algorithm: ['ML-DSA-87'] } });

    expect(content.sweeps).toEqual([{ algorithm: ['ML-DSA-87'], blockBytes: [256] }, { encoding: ['json'] }]);
    expect(content.base).toEqual({ qos: 0, algorithm: 'ML-DSA-87' });
  });

  it('leave the base case its value, where it is among theirs', () => {
    const { content } = overrideExperiment(source, { ...none, axes: { qos: [1, 0] } });

    expect(content.base).toEqual({ qos: 0 });
    expect(content.sweeps?.at(-1)).toEqual({ qos: [1, 0] });
  });

  it('are crossed with each other, and with nothing else', () => {
    const axes = { algorithm: ['none', 'ES256'], blockBytes: [512, 1_024] };
    const { content } = overrideExperiment(source, { ...none, axes, cross: true });

    expect(content.sweeps).toEqual([axes]);
  });

  it('set what is no axis', () => {
    expect(overrideExperiment(source, { ...none, rest: { seed: 9, links: ['nb-iot'] } }).content).toMatchObject({
      seed: 9,
      links: ['nb-iot'],
    });
  });

  it('are refused where the file would be', () => {
    expect(() => overrideExperiment(source, { ...none, rest: { links: ['lan'] } })).toThrow(BadExperiment);
  });
});
