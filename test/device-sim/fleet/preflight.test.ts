import { describe, expect, it } from 'vitest';
import { expectRoomFor, needsOf } from '../../../device-sim/fleet/preflight.ts';

const demand = { devices: 10_000, workers: 2, imageBytes: 65_536, isBrokerHere: true };
const needs = needsOf(demand);
const enough = {
  fileDescriptors: needs.fileDescriptors,
  localPorts: needs.localPorts,
  freeMemoryBytes: needs.memoryBytes,
};

describe('before a fleet starts', () => {
  it('exactly enough is enough', () => {
    expect(() => expectRoomFor(demand, enough)).not.toThrow();
  });

  it.each([
    ['too-few-file-descriptors', { fileDescriptors: needs.fileDescriptors - 1 }, 'ulimit -n'],
    ['too-few-ports', { localPorts: needs.localPorts - 1 }, 'ip_local_port_range'],
    ['not-enough-memory', { freeMemoryBytes: needs.memoryBytes - 1 }, 'MB'],
  ])('%s is said with what to do', (code, less, advice) => {
    expect(() => expectRoomFor(demand, { ...enough, ...less })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(advice) }),
    );
  });

  it('what the system does not say is not asked for', () => {
    expect(() => expectRoomFor(demand, { ...enough, fileDescriptors: undefined, localPorts: undefined })).not.toThrow();
  });

  it('a broker elsewhere holds its connections itself, so that workers share the descriptors here', () => {
    const elsewhere = needsOf({ ...demand, isBrokerHere: false });
    expect(elsewhere.fileDescriptors).toBe(needs.fileDescriptors - 5_000);
  });
});
