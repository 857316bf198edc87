/** How `bristlecone up` is told of MQTT over TLS. */
import type { Command } from 'commander';
import { UsageError } from '../../command-line.ts';
import { KEY_EXCHANGES } from '../broker/tls-options.ts';
import type { EmbeddedTls } from '../embedded.ts';
import { isKeyAlgorithm, KEY_ALGORITHM_NAMES } from '../identity/key-pairs.ts';
import { choosePort } from './port.ts';

export interface TlsListenerOptions {
  readonly mqttsPort?: string;
  readonly requireTls?: true;
  readonly keyExchange: string;
  readonly certificateAlgorithm: string;
  readonly serverName?: readonly string[];
  readonly deviceCertificates: string;
  readonly sessionTickets?: true;
}

export const withTlsListenerOptions = (command: Command): Command =>
  command
    .option('--mqtts-port <n>', 'TCP port of MQTT over TLS 1.3 (default: 8883 if it is free); 0: any free port')
    .option('--require-tls', 'take devices in over TLS only')
    .option('--key-exchange <how>', 'X25519MLKEM768: required, preferred (who can is made to) or off', 'preferred')
    .option(
      '--certificate-algorithm <name>',
      `of the CAs and the server that are made at the first start: ${KEY_ALGORITHM_NAMES.join(', ')}; AWS’s device SDKs take P-256 only`,
      'P-256',
    )
    .option('--server-name <name...>', 'names and addresses that devices call the server by, beside this machine’s own')
    .option(
      '--device-certificates <how>',
      'required: who has none gets nowhere; off: whoever names a thing is that thing',
      'required',
    )
    .option(
      '--session-tickets',
      'let devices resume TLS sessions: each connection then costs them their certificate twice more (8 KB with ML-DSA-44)',
    );

/** @throws {UsageError} */
export async function tlsListenerOf(options: TlsListenerOptions, host: string): Promise<EmbeddedTls> {
  const { certificateAlgorithm, serverName = [] } = options;
  if (!isKeyAlgorithm(certificateAlgorithm)) {
    const names = KEY_ALGORITHM_NAMES.join(', ');
    throw new UsageError(`--certificate-algorithm: expected one of ${names}, got ${certificateAlgorithm.slice(0, 40)}`);
  }
  return {
    port: await choosePort({ option: '--mqtts-port', text: options.mqttsPort, preferred: 8883, host }),
    keyExchange: oneOf('--key-exchange', options.keyExchange, KEY_EXCHANGES),
    certificateAlgorithm,
    serverNames: serverName,
    deviceCertificates: oneOf('--device-certificates', options.deviceCertificates, ['required', 'off']),
    sessionTickets: options.sessionTickets ?? false,
  };
}

function oneOf<T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((it) => it === text);
  if (found !== undefined) return found;
  throw new UsageError(`${option}: expected one of ${allowed.join(', ')}, got ${text.slice(0, 40)}`);
}
