/** A link before the broker that a URL names: `device run --link nb-iot --link-level 3`. */
import { Unavailable } from '../ports.ts';
import type { LinkProfile } from '../profiles/links.ts';
import { missingForEmulator } from './emulator-support.ts';
import { startShapingProxy } from './proxy.ts';
import type { RunningLink } from './running-link.ts';

/** 2: the shaping proxy. 3: the emulator. Level 1 needs nothing between: it is a replay of what a run said. */
export type LinkLevel = 2 | 3;

export interface LinkBefore extends RunningLink {
  readonly profile: LinkProfile;
  /** The same broker behind the link. Over TLS its name is still that of the URL that was given. */
  readonly url: string;
  readonly serverName: string;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1_883, 'mqtts:': 8_883 };

/**
 * @throws {Unavailable} where level 3 is asked for on a machine that cannot do it
 * @throws {RangeError} where level 3 is asked for over a link that carries no IP
 */
export async function putLinkBefore(
  brokerUrl: string,
  { level, link, seed }: { readonly level: LinkLevel; readonly link: LinkProfile; readonly seed?: number },
): Promise<LinkBefore> {
  const url = new URL(brokerUrl);
  const { hostname: host, protocol } = url;
  const port = url.port === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(url.port);
  const options = { link, listen: { port: 0 }, to: { host, port }, ...(seed !== undefined && { seed }) };
  const running = await (level === 2 ? startShapingProxy(options) : emulate(options));
  return { ...running, profile: link, url: `${protocol}//127.0.0.1:${running.port}`, serverName: host };
}

async function emulate(options: Parameters<typeof startShapingProxy>[0]): Promise<RunningLink> {
  const missing = missingForEmulator();
  if (missing !== undefined) {
    throw new Unavailable(`link level 3: expected ${missing}, which is missing here; level 2 needs none of it`);
  }
  const { startEmulator } = await import('./emulator.ts');
  return startEmulator(options);
}
