/** The TLS clients that may be installed here: how each is found, asked for its version, and made to connect. */
import { devNull } from 'node:os';
import { join } from 'node:path';

export interface ClientProgram {
  readonly name: string;
  /** Looked for in PATH; a path is taken as it is. */
  readonly command: string;
  readonly versionArgs: readonly string[];
  readonly connectArgs: (port: number) => readonly string[];
  /** What brings hybrid key exchange, where it is missing. */
  readonly upgrade: string;
}

const NODE_CONNECT = `require('node:tls').connect({ host: '127.0.0.1', port: +process.argv[1], servername: 'localhost', rejectUnauthorized: false }).on('error', () => {})`;
const NODE_VERSION = `console.log('Node.js ' + process.version + ', OpenSSL ' + process.versions.openssl)`;
const PYTHON_CONNECT = `
import socket, ssl, sys
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
try:
    context.wrap_socket(socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5), server_hostname='localhost')
except OSError:
    pass
`;
const PYTHON_VERSION = `import platform, ssl; print('Python ' + platform.python_version() + ', ' + ssl.OPENSSL_VERSION)`;

const OPENSSL_35 = 'a build with OpenSSL 3.5 or newer';

const child = (name: string): string => join(import.meta.dirname, name);

/** @param execPath the Node that runs this */
export const clientPrograms = (execPath: string): readonly ClientProgram[] => [
  node('Node.js, this one', execPath),
  node('Node.js, in PATH', 'node'),
  {
    name: 'AWS SDK for JavaScript',
    command: execPath,
    versionArgs: [child('aws-sdk-child.ts'), 'version'],
    connectArgs: (port) => [child('aws-sdk-child.ts'), String(port)],
    upgrade: 'It uses the TLS of Node.js: run it on Node.js 24 or newer (OpenSSL 3.5).',
  },
  {
    name: 'aws-crt (AWS IoT Device SDK v2)',
    command: execPath,
    versionArgs: [child('aws-crt-child.ts'), 'version'],
    connectArgs: (port) => [child('aws-crt-child.ts'), String(port)],
    upgrade: 'Update aws-iot-device-sdk-v2 to 1.28.0 or newer.',
  },
  {
    name: 'AWS CLI',
    command: 'aws',
    versionArgs: ['--version'],
    connectArgs: (port) => [
      ...['kms', 'list-keys', '--endpoint-url', `https://127.0.0.1:${port}`, '--no-verify-ssl'],
      ...['--region', 'us-east-1', '--cli-connect-timeout', '5', '--cli-read-timeout', '5'],
    ],
    upgrade: `It uses the TLS of its Python: ${OPENSSL_35}.`,
  },
  {
    name: 'Python',
    command: 'python3',
    versionArgs: ['-c', PYTHON_VERSION],
    connectArgs: (port) => ['-c', PYTHON_CONNECT, String(port)],
    upgrade: `Use ${OPENSSL_35}: python3 -c "import ssl; print(ssl.OPENSSL_VERSION)" shows which it has.`,
  },
  {
    name: 'curl',
    command: 'curl',
    versionArgs: ['--version'],
    connectArgs: (port) => ['-sk', '--noproxy', '*', '--max-time', '5', `https://127.0.0.1:${port}/`],
    upgrade: `Use ${OPENSSL_35}: curl --version shows which it has.`,
  },
  {
    name: 'openssl',
    command: 'openssl',
    versionArgs: ['version'],
    connectArgs: (port) => ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost'],
    upgrade: 'Use OpenSSL 3.5 or newer.',
  },
];

const node = (name: string, command: string): ClientProgram => ({
  name,
  command,
  versionArgs: ['-e', NODE_VERSION],
  connectArgs: (port) => ['-e', NODE_CONNECT, String(port)],
  upgrade: 'Use Node.js 24 or newer (OpenSSL 3.5).',
});

/**
 * For clients that sign their requests: made-up credentials, and nothing of the user's own that could make a client ask
 * somebody else (a profile that logs in, a proxy) or that could be shown to us.
 */
export const CLIENT_ENV: Readonly<Record<string, string | undefined>> = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'made-up',
  AWS_SESSION_TOKEN: undefined,
  AWS_PROFILE: undefined,
  AWS_DEFAULT_PROFILE: undefined,
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_MAX_ATTEMPTS: '1',
  NO_PROXY: '127.0.0.1',
  no_proxy: '127.0.0.1',
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
  NODE_NO_WARNINGS: '1',
  PYTHONWARNINGS: 'ignore',
};
