import { describe, expect, it } from 'vitest';
import { missingForEmulator } from '../../../device-sim/links/emulator-support.ts';
import { type LinkLevel, putLinkBefore } from '../../../device-sim/links/link-before.ts';
import { fasterLink, linkNamed } from '../../../device-sim/profiles/links.ts';
import { imageOf } from '../../support/device-world.ts';
import { echo, startEchoServer } from '../../support/echo-server.ts';

const LINK = fasterLink(linkNamed('lte-m')!, 10);
const LEVELS: readonly LinkLevel[] = missingForEmulator() === undefined ? [2, 3] : [2];

describe('a link before a broker', () => {
  it.each(LEVELS)('is reached by a URL of the same kind: level %i', async (level) => {
    await using server = await startEchoServer();
    await using before = await putLinkBefore(`mqtts://127.0.0.1:${server.port}`, { level, link: LINK, seed: 3 });
    expect(before).toMatchObject({ url: `mqtts://127.0.0.1:${before.port}`, serverName: '127.0.0.1' });
    expect((await echo(before.port, imageOf(3_000, 1))).back).toEqual(imageOf(3_000, 1));
    expect(before.stats().payloadBytes).toEqual({ up: 3_000, down: 3_000 });
  });

  it('is not to be had where the machine or the link cannot', async () => {
    const attempt = putLinkBefore('mqtt://127.0.0.1', { level: 3, link: linkNamed('ble')! });
    await expect(attempt).rejects.toThrow(
      missingForEmulator() === undefined ? 'carries no IP' : 'link level 3: expected',
    );
  });
});
