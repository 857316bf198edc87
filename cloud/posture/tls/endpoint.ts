/** Where a TLS server is: `example.com`, `example.com:8883`, `[2001:db8::1]:443`, `https://example.com/path`. */
export interface TlsEndpoint {
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT = 443;

/** Undefined where the text is no such place. */
export function parseEndpoint(text: string): TlsEndpoint | undefined {
  const url = text.includes('://') ? text : `https://${text}`;
  if (text.length > 300 || /[\s@]/.test(text) || !URL.canParse(url)) return undefined;
  const { hostname, port, protocol } = new URL(url);
  if (hostname === '' || !['https:', 'wss:', 'mqtts:', 'tls:'].includes(protocol) || port === '0') return undefined;
  // A URL hides the port that is its protocol's own.
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port === '' ? DEFAULT_PORT : Number(port) };
}

export const endpointName = ({ host, port }: TlsEndpoint): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
