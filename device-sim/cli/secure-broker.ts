/** Where a broker with TLS is, and whose certificate counts: as the command line says, or as an embedded cloud left it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../command-line.ts';
import { textAt } from '../measure/json.ts';
import { Unavailable } from '../ports.ts';
import type { SecureBroker } from '../provision-connect.ts';

/** @throws {Unavailable} where no broker is named and none is known here */
export function secureBroker(
  data: string,
  { mqtts, ca }: { readonly mqtts: string | undefined; readonly ca: string | undefined },
): Pick<SecureBroker, 'url' | 'ca'> {
  return { url: mqtts === undefined ? knownUrl(data) : expectUrl(mqtts), ca: readCa(data, ca) };
}

function knownUrl(data: string): string {
  const file = join(data, 'endpoints.json');
  if (existsSync(file)) return textAt(JSON.parse(readFileSync(file, 'utf8')), 'mqtts');
  throw new Unavailable(
    `no broker with TLS: no embedded cloud runs with the data in ${data}. Start one with \`bristlecone up\`, or give --mqtts URL and --ca FILE`,
  );
}

function expectUrl(text: string): string {
  if (URL.canParse(text) && new URL(text).protocol === 'mqtts:') return text;
  throw new UsageError(`--mqtts: expected mqtts://host:port, got ${JSON.stringify(text.slice(0, 100))}`);
}

function readCa(data: string, named: string | undefined): string {
  const file = named ?? join(data, 'identity', 'server-ca.pem');
  if (named === undefined && !existsSync(file)) {
    throw new UsageError(`--ca: expected the CA of the broker's certificate; the embedded cloud's is not in ${file}`);
  }
  const pem = readFileSync(file, 'utf8');
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new UsageError(`--ca: expected a certificate in PEM, got ${pem.length} other characters in ${file}`);
}
