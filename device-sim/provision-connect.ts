/** The connections of provisioning over TLS, and what a broker's no means: told from what only did not come through. */
import type { DeviceCredentials } from './device-credentials.ts';
import { tlsCredential } from './device-credentials.ts';
import type { WireMeter } from './metrics/wire-meter.ts';
import { type Transport, Unavailable } from './ports.ts';
import { type ConnectAs, CredentialRefused } from './provisioning/ports.ts';
import { ProvisioningRefused } from './provisioning/refusals.ts';
import { mqttConnect } from './transports/mqtt.ts';
import type { DeviceTls, KeyExchange } from './transports/tls-line.ts';

/** Where the broker is, and what its certificate must be. */
export interface SecureBroker {
  /** `mqtts://host:port`. */
  readonly url: string;
  /** PEM: who issued the server's certificate. */
  readonly ca: string;
  readonly keyExchange?: KeyExchange | undefined;
  /** What the certificate must be for; the host of the URL, unless told otherwise. */
  readonly serverName?: string | undefined;
}

export interface ProvisionConnectOptions {
  readonly broker: SecureBroker;
  /** For the words of a refusal. */
  readonly template: string;
  readonly credentials: DeviceCredentials;
  readonly wire: WireMeter;
  readonly signal?: AbortSignal | undefined;
}

export function connectToProvision({
  broker,
  template,
  credentials,
  wire,
  signal,
}: ProvisionConnectOptions): ConnectAs {
  return async (credential, { clientId, receiveBytes }) => {
    const { url, ca, keyExchange, serverName } = broker;
    const tls: DeviceTls = { ca, keyExchange, serverName, credential: tlsCredential(credential, credentials) };
    const connect = mqttConnect({
      url,
      tls,
      clientId,
      openTap: (version) => wire.openConnection(version),
      openTlsTap: () => wire.tls.openConnection(),
      signal,
    });
    return judged(connect({ receiveBytes }), template);
  };
}

/** CONNACK: 2 identifier rejected, 4 bad credentials, 5 not authorized in MQTT 3.1.1; 0x85, 0x86, 0x87 in MQTT 5. */
const REFUSED_CODES: readonly unknown[] = [2, 4, 5, 0x85, 0x86, 0x87];

/** OpenSSL, of a server's certificate; `ERR_TLS_CERT_ALTNAME_INVALID` is Node's. */
const UNTRUSTED_SERVER = /^(SELF_SIGNED_CERT|DEPTH_ZERO_SELF|UNABLE_TO_(GET_ISSUER|VERIFY)|CERT_|ERR_TLS_CERT_ALTNAME)/;

async function judged(connecting: Promise<Transport>, template: string): Promise<Transport> {
  try {
    const transport = await connecting;
    return {
      publish: (topic, payload) => transport.publish(topic, payload),
      receive: (withinMs) => transport.receive(withinMs),
      close: () => transport.close(),
      subscribe: async (filters) => {
        await transport.subscribe(filters).catch((error: unknown) => {
          if (isDenied(error)) throw new ProvisioningRefused('template-refused', template);
          throw error;
        });
      },
    };
  } catch (error) {
    if (!(error instanceof Unavailable) || !(error.cause instanceof Error) || !('code' in error.cause)) throw error;
    const { code } = error.cause;
    if (REFUSED_CODES.includes(code)) throw new CredentialRefused(error.message, { cause: error });
    if (UNTRUSTED_SERVER.test(String(code))) throw new ProvisioningRefused('server-untrusted', String(code));
    throw error;
  }
}

/** SUBACK with a reason code of 0x80 or more: MQTT.js keeps the packet in its error. */
const isDenied = (error: unknown): boolean =>
  error instanceof Unavailable && error.cause instanceof Error && 'packet' in error.cause;
