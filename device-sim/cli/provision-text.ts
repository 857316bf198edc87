/** What `bristlecone device provision` tells people. */
import { textTable } from '../../command-line.ts';
import type { FleetFailure, FleetProgress, FleetResult } from '../provision-fleet.ts';

const number = (value: number): string => Math.round(value).toLocaleString('en-US');

/** `412 of 1,000 devices: 3 failed (AccessDenied 3), 31 a second, 19 s left` */
export function describeProgress({ total, provisioned, unchanged, failures }: FleetProgress, seconds: number): string {
  const failed = failures.reduce((sum, { devices }) => sum + devices, 0);
  const done = provisioned + unchanged + failed;
  const perSecond = done / seconds;
  const counts = failed === 0 ? '0 failed' : `${number(failed)} failed (${failures.map(shortly).join(', ')})`;
  return `${number(done)} of ${number(total)} devices: ${counts}, ${perSecond.toFixed(1)} a second, ${number((total - done) / perSecond)} s left`;
}

const shortly = ({ code, errorCode, devices }: FleetFailure): string => `${errorCode ?? code} ${number(devices)}`;

export function describeFleet(
  result: FleetResult,
  { seconds, interrupted }: { readonly seconds: number; readonly interrupted: boolean },
): string {
  const { total, provisioned, unchanged, left } = result;
  const rate = provisioned === 0 ? '' : ` (${(provisioned / seconds).toFixed(1)} a second)`;
  return [
    `Provisioned ${number(provisioned)} of ${number(total)} devices in ${seconds.toFixed(1)} s${rate}; ${number(unchanged)} had what they need.`,
    ...result.failures.map(describeFailure),
    ...(provisioned > 0 ? ['', ...bytesTable(result)] : []),
    ...(left > 0 ? ['', `${interrupted ? 'Interrupted: ' : ''}${number(left)} left. ${AGAIN}`] : []),
    ...(left === 0 && result.failures.length > 0 ? ['', AGAIN] : []),
  ].join('\n');
}

const AGAIN = 'Run the same command again: it goes on with those that are not done.';

const describeFailure = ({ code, errorCode, devices, example }: FleetFailure): string =>
  `  ${number(devices)} failed: ${code}${errorCode === undefined ? '' : ` (${errorCode})`}, such as ${example.folder}: ${example.detail}`;

function bytesTable({ bytes, provisioned }: FleetResult): readonly string[] {
  const { mqtt, handshakes, records } = bytes;
  const rows = [
    ['TLS handshakes', handshakes],
    ['TLS records', records],
    ['MQTT inside', mqtt],
  ] as const;
  const all = rows.map(([, it]) => it);
  const sums = {
    sent: all.reduce((sum, { sent }) => sum + sent, 0),
    received: all.reduce((sum, { received }) => sum + received, 0),
  };
  const head = ['bytes a device', 'sent', 'received', 'both'];
  const cells = [...rows, ['all', sums] as const].map(([name, { sent, received }]) => [
    name,
    number(sent),
    number(received),
    number(sent + received),
  ]);
  return [`Mean of ${number(provisioned)}, counted at the device’s sockets:`, textTable(head, cells)];
}
