/**
 * How well the three levels of a link agree: one ML-DSA-65 update at full size and in real time. The emulator is the one
 * that has real TCP, so the errors are against it; without root there is none.
 *
 *     node test/bench/link-levels.ts --link nb-iot --image 34768
 *     node test/bench/link-levels.ts --link satellite --image 4096 --block 1024 --faster 10
 */
import { parseArgs } from 'node:util';
import { textTable } from '../../command-line.ts';
import { fasterLink, linkNamed } from '../../device-sim/profiles/links.ts';
import { type LevelResult, measureLevels } from '../support/link-levels.ts';

const { values } = parseArgs({
  options: {
    link: { type: 'string', default: 'nb-iot' },
    image: { type: 'string', default: '34768' },
    block: { type: 'string', default: '1024' },
    faster: { type: 'string', default: '1' },
  },
});
const known = linkNamed(values.link);
if (!known) throw new RangeError(`--link: ${values.link} is none of bristlecone device links`);

const link = values.faster === '1' ? known : fasterLink(known, Number(values.faster));
const { unshapedMs, results } = await measureLevels({
  link,
  imageBytes: Number(values.image),
  blockBytes: Number(values.block),
});
const best = results.at(-1)!;

const percent = (value: number, of: number): string => `${((value / of - 1) * 100).toFixed(1)} %`;

const cells = ({ name, durationMs, mqttBytes, traffic: { up, down } }: LevelResult): readonly (string | number)[] => [
  name,
  (durationMs / 1_000).toFixed(2),
  percent(durationMs, best.durationMs),
  mqttBytes.up,
  mqttBytes.down,
  up.packetBytes,
  percent(up.packetBytes, best.traffic.up.packetBytes),
  down.packetBytes,
  percent(down.packetBytes, best.traffic.down.packetBytes),
  up.packets,
  down.packets,
  up.frames + down.frames,
];

const HEAD = [
  'level',
  's',
  'error',
  'MQTT up',
  'down',
  'IP up',
  'error',
  'IP down',
  'error',
  'packets up',
  'down',
  'frames',
];
console.log(
  `${link.name}, image of ${values.image} bytes, blocks of ${values.block}; without a link ${Math.round(unshapedMs)} ms`,
);
console.log(textTable(HEAD, results.map(cells)));
