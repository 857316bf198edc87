import { describe, expect, it } from 'vitest';
import { burnFirstRoot, TrustStore, type TrustPorts } from '../../../device-sim/agent/trust-store.ts';
import { Flash } from '../../../device-sim/hardware/flash.ts';
import { verifyWithOpenSsl } from '../../../device-sim/hardware/native-verifier.ts';
import { RamBudget } from '../../../device-sim/hardware/ram.ts';
import { RecordLog } from '../../../device-sim/hardware/record-log.ts';
import type { VerifiedRoot } from '../../../protocol/trust/advance.ts';
import { verifyFirstRoot } from '../../../protocol/trust/advance.ts';
import { firstRoot, ROOT_SIGNERS, rootRole, successorOf } from '../../support/device-roots.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import { es256 } from '../../support/suit.ts';
import {
  authenticated,
  firstRoot as contentOfFirst,
  manifestOf,
  release,
  signer,
  signers,
  signRoot,
  successor,
  verifiedFirst,
} from '../../support/trust.ts';

const SIZE = { flashBytes: 64 * 4_096, sectorBytes: 4_096, writeBytes: 4 };
const ROOT = firstRoot([es256]);
const ROOT_2 = successorOf(ROOT);

/** A board with `root` flashed, and the areas of its trust. */
function board({ ramBytes = 65_536, recordSectors = 2, root = ROOT } = {}) {
  const flash = new Flash(SIZE);
  const area = (firstSector: number, sectors: number) => flash.area({ firstSector, sectors });
  const ports: TrustPorts = {
    trust: { record: new RecordLog(area(0, recordSectors)), roots: [area(10, 12), area(22, 12)] },
    envelopeArea: area(34, 12),
    ram: new RamBudget(ramBytes, 'test'),
  };
  burnFirstRoot(ports.trust, root);
  const stage = ({ bytes }: Pick<VerifiedRoot, 'bytes'>): number => {
    for (let sector = 0; sector < 12; sector++) ports.envelopeArea.eraseSector(sector);
    const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
    padded.set(bytes);
    ports.envelopeArea.write(0, padded);
    return bytes.length;
  };
  return { flash, ports, store: new TrustStore(ports), stage };
}

describe('the trust of a new board', () => {
  it('is the root that its factory flashed, as it was signed', () => {
    const { store, ports } = board();
    expect(store.versions).toEqual({ newest: 1, proven: 1 });
    const bytes = new Uint8Array(ROOT.bytes.length);
    ports.trust.roots[0].read(0, bytes);
    expect(verifyFirstRoot(bytes, { verify: verifyWithOpenSsl }).digest).toEqual(ROOT.digest);
  });

  it('needs the RAM of the document, not of the signatures', () => {
    const { store, ports } = board();
    const open = store.open();
    const { usedBytes } = ports.ram as RamBudget;
    open[Symbol.dispose]();
    expect((ports.ram as RamBudget).usedBytes).toBe(0);
    expect(usedBytes).toBeGreaterThan(ROOT.payload.length);
    expect(usedBytes).toBeLessThan(ROOT.payload.length + 128);
    expect(ROOT.bytes.length).toBeGreaterThan(ROOT.payload.length + 128);
  });

  it('cannot be had on a board that no factory has seen', () => {
    const flash = new Flash(SIZE);
    const area = flash.area({ firstSector: 0, sectors: 2 });
    const trust = { record: new RecordLog(area), roots: [area, area] as const };
    const store = new TrustStore({ trust, envelopeArea: area, ram: new RamBudget(1_000, 'test') });
    expect(() => store.versions).toThrow('not been manufactured');
  });
});

describe('a release', () => {
  it('is refused before it is installed where the board could not remember the key that it brings', () => {
    const pinned = signers('ML-DSA-87', 2, 60);
    const content = contentOfFirst(rootRole(), {
      keys: pinned,
      all: [{ algorithm: 'ML-DSA-87', threshold: 2 }],
      form: 'pinned',
    });
    const root = verifiedFirst(content, ROOT_SIGNERS.slice(0, 2));
    const envelope = release(manifestOf(2), pinned, { carry: true });
    const check = (recordSectors: number): TrustStore => {
      const { store } = board({ root, recordSectors });
      const open = store.open();
      const found = authenticated(open.state, envelope);
      open[Symbol.dispose]();
      store.expectRoomFor(found);
      store.confirm(found);
      return store;
    };
    expectRejection(() => check(2), 'too-large', 'trust.record');
    using open = check(4).open();
    expect(open.state.heldKeys).toHaveLength(2);
  });
});

describe('a root that was accepted', () => {
  it('is kept beside the other one, and written once', () => {
    const { store, stage, flash } = board();
    store.accept(stage(ROOT_2), verifyWithOpenSsl);
    expect(store.versions).toEqual({ newest: 2, proven: 1 });
    using open = store.open();
    expect(open.state.next?.digest).toEqual(ROOT_2.digest);
    const before = flash.operations;
    store.settle();
    store.noteTime(ROOT.root.issuedSeconds);
    expect(flash.operations).toBe(before);
  });

  it('gives its place to the next one, never that of the proven one', () => {
    const { store, stage } = board();
    let newest = ROOT;
    for (let version = 2; version <= 6; version++) {
      newest = successorOf(newest);
      store.accept(stage(newest), verifyWithOpenSsl);
      expect(store.versions).toEqual({ newest: version, proven: 1 });
      using open = store.open();
      expect(open.state.current.digest).toEqual(ROOT.digest);
      expect(open.state.next?.digest).toEqual(newest.digest);
    }
  });

  it('is refused where the RAM does not hold it beside the one before; nothing stays in RAM', () => {
    const { store, stage, ports } = board({ ramBytes: ROOT.payload.length + ROOT_2.bytes.length });
    const bytes = stage(ROOT_2);
    expectRejection(() => store.accept(bytes, verifyWithOpenSsl), 'too-large', 'ram.root');
    expect(store.versions.newest).toBe(1);
    expect((ports.ram as RamBudget).usedBytes).toBe(0);
  });

  it('counts where the RAM holds it to the byte: it is copied once it is out of there', () => {
    const { store, stage, ports } = board();
    store.accept(stage(ROOT_2), verifyWithOpenSsl);
    const { peakBytes } = ports.ram as RamBudget;
    const tight = board({ ramBytes: Math.max(...peakBytes.values()) });
    tight.store.accept(tight.stage(ROOT_2), verifyWithOpenSsl);
    expect(tight.store.versions.newest).toBe(2);
    const used = ROOT.payload.length + ROOT_2.bytes.length;
    expect(Math.max(...peakBytes.values())).toBeLessThan(used + 128);
  });

  it('is refused where it pins more keys than the board can remember', () => {
    // The root only pins its keys; they travel with the signatures, and are remembered in a record of 4 KB.
    const pinned = { keys: signers('ML-DSA-87', 2, 60), form: 'pinned' as const };
    const policy = { ...pinned, all: [{ algorithm: 'ML-DSA-87' as const, threshold: 1 }] };
    const content = contentOfFirst(policy, { keys: [signer('ES256', 62)] });
    const root = verifyFirstRoot(signRoot(content, pinned.keys.slice(0, 1), { carry: true }), {
      verify: verifyWithOpenSsl,
    });
    const { store, stage } = board({ root });
    expect(store.versions.newest).toBe(1);
    const bytes = signRoot(successor(root), pinned.keys, { carry: true });
    expectRejection(() => store.accept(stage({ bytes }), verifyWithOpenSsl), 'too-large', 'trust.record');
    expect(store.versions.newest).toBe(1);
    const roomy = board({ root, recordSectors: 4 });
    roomy.store.accept(roomy.stage({ bytes }), verifyWithOpenSsl);
    expect(roomy.store.versions.newest).toBe(2);
  });

  it('is none where what is staged is not the next one', () => {
    const { store, stage } = board();
    expectRejection(() => store.accept(stage(ROOT), verifyWithOpenSsl), 'root-replay');
    expectRejection(() => store.accept(stage(firstRoot([signer('ES256', 5)])), verifyWithOpenSsl), 'root-fork');
    expect(store.versions).toEqual({ newest: 1, proven: 1 });
  });
});
