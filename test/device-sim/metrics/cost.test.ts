import { describe, expect, it } from 'vitest';
import { BoardMeter } from '../../../device-sim/metrics/board-meter.ts';
import { bytesOnTheWire, type CostContext, costRows, sumOf } from '../../../device-sim/metrics/cost.ts';
import { COST_COLUMNS } from '../../../device-sim/metrics/cost.ts';
import { costsToCsv, costsToJson } from '../../../device-sim/metrics/cost-files.ts';
import { WireMeter } from '../../../device-sim/metrics/wire-meter.ts';

const context: CostContext = {
  run: 'r1',
  seed: '7',
  commit: 'abc',
  profile: 'nrf52840',
  link: 'unshaped',
  algorithm: 'ML-DSA-65',
  blockBytes: 1_024,
};

function rows(wire = new WireMeter()) {
  const tap = wire.openConnection(5);
  tap.sent(Uint8Array.of(0xc0, 0));
  tap.received(Uint8Array.of(0xd0, 0));
  tap.closed({ sentBytes: 2, receivedBytes: 2 });
  const board = new BoardMeter({
    flashCounters: () => ({ erases: 0, writes: 0, writtenBytes: 0 }),
    ram: { enter: () => {} },
  });
  return costRows(context, {
    wire,
    board,
    ramPeaks: new Map([['image', 4_608]]),
    maxSectorErases: 3,
    envelope: { envelopeBytes: 400, manifestBytes: 200, signatureBytes: 64, keyIdBytes: 32, algorithms: ['ES256'] },
  });
}

describe('the cost record', () => {
  it('has one row for each quantity, each with its context, unit and how it was had', () => {
    for (const row of rows()) {
      expect(row).toMatchObject({ ...context, how: 'measured', n: 1 });
      expect(Object.keys(row).toSorted()).toEqual([...COST_COLUMNS].toSorted());
      expect(['B', '1']).toContain(row.unit);
      expect(Number.isSafeInteger(row.value)).toBe(true);
    }
    const quantities = rows().map(({ phase, quantity, value }) => `${phase} ${quantity} ${value}`);
    expect(quantities).toEqual([
      'connect sent 2',
      'connect sent-payload 0',
      'connect sent-mqtt 2',
      'connect sent-packets 1',
      'connect received 2',
      'connect received-payload 0',
      'connect received-mqtt 2',
      'connect received-packets 1',
      'connect round-trips 0',
      'connect aws-units 0',
      'image ram-peak 4608',
      'envelope envelope 400',
      'envelope signature 64',
      'envelope key-id 32',
      'envelope manifest 200',
      'all connections 1',
      'all cut-short 0',
      'all flash-wear-max 3',
    ]);
  });

  it('sums a quantity over phases', () => {
    expect([sumOf(rows(), 'sent'), sumOf(rows(), 'blocks')]).toEqual([2, 0]);
  });
});

describe('the cost record of a device that spoke TLS', () => {
  it('has its handshakes, what they came to and its records beside the bytes of MQTT', () => {
    const wire = new WireMeter();
    const tls = wire.tls.openConnection();
    tls.sent(new Uint8Array(100));
    tls.received(new Uint8Array(300));
    tls.proven({ group: 'X25519MLKEM768', serverCertificate: 'ML-DSA-44', deviceCertificate: 'P-256' });
    tls.established();
    tls.sent(new Uint8Array(24));
    tls.received(new Uint8Array(182));
    tls.closed({ sentBytes: 124, receivedBytes: 482 });
    tls.finished({ sentBytes: 2, receivedBytes: 2 });
    const record = rows(wire);
    expect(
      record.flatMap(({ phase, quantity, value }) =>
        quantity.startsWith('tls-') ? [`${phase} ${quantity} ${value}`] : [],
      ),
    ).toEqual([
      'connect tls-handshakes 1',
      'connect tls-handshake-sent 100',
      'connect tls-handshake-received 300',
      'connect tls-group X25519MLKEM768 1',
      'connect tls-server-certificate ML-DSA-44 1',
      'connect tls-device-certificate P-256 1',
      'all tls-records-sent 22',
      'all tls-records-received 180',
    ]);
    expect(bytesOnTheWire(record)).toBe(124 + 482);
    expect(bytesOnTheWire(rows())).toBe(4);
  });
});

describe('as a file', () => {
  it('is CSV with a header, quoted where it must be', () => {
    const [row] = rows();
    const text = costsToCsv([{ ...row!, run: 'a, "b"\nc' }]);
    expect(text).toBe(
      'run,seed,commit,profile,link,algorithm,blockBytes,phase,quantity,unit,value,how,n\r\n' +
        '"a, ""b""\nc",7,abc,nrf52840,unshaped,ML-DSA-65,1024,connect,sent,B,2,measured,1\r\n',
    );
  });

  it('is JSON with the same rows', () => {
    expect(JSON.parse(costsToJson(rows()))).toEqual(rows());
  });
});
