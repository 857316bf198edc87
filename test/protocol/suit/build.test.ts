import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../protocol/bytes.ts';
import { buildUpdateManifest } from '../../../protocol/suit/build.ts';
import { describeComponentId } from '../../../protocol/suit/component-id.ts';
import { digestOfImage } from '../../../protocol/suit/digest.ts';
import { decodeEnvelope } from '../../../protocol/suit/envelope.ts';
import { EXTERNAL, PRIMARY, STAGING } from '../../../protocol/suit/layouts.ts';
import { decodeManifest, encodeManifest } from '../../../protocol/suit/manifest.ts';
import type { Operation, OperationResult } from '../../../protocol/suit/processor/operations.ts';
import { runProcedure } from '../../../protocol/suit/processor.ts';
import { dropSevered } from '../../../protocol/suit/sever.ts';
import { decodeText } from '../../../protocol/suit/text.ts';
import { expectRejection } from '../../support/expect-rejection.ts';
import {
  describeOperation,
  device,
  drive,
  image,
  mlDsa44,
  OK,
  opened,
  sealed,
  trusted,
  update,
  updateManifest,
} from '../../support/suit.ts';

const hex = { primary: '00', staging: '01' };

/** A device with two slots; `contents` is what they hold, by component. */
function createSlots(contents: Map<string, Uint8Array>) {
  const mismatch: OperationResult = { ok: false, code: 'image-mismatch', detail: 'another image' };
  return (operation: Operation): OperationResult => {
    switch (operation.do) {
      case 'fetch':
        contents.set(describeComponentId(operation.component), image);
        return OK;
      case 'match-image':
        return contents.get(describeComponentId(operation.component)) === image ? OK : mismatch;
      case 'swap': {
        const [from, to] = [operation.from, operation.to].map(describeComponentId);
        const [old, fresh] = [contents.get(to!)!, contents.get(from!)!];
        contents.set(to!, fresh).set(from!, old);
        return OK;
      }
      default:
        return OK;
    }
  };
}

/** All is well but these comparisons, counted from 1. */
function answerMismatchTo(...failing: readonly number[]) {
  let matches = 0;
  return (operation: Operation): OperationResult => {
    if (operation.do !== 'match-image' || !failing.includes((matches += 1))) return OK;
    return { ok: false, code: 'image-mismatch', detail: 'another image' };
  };
}

const slots = () =>
  new Map([
    [hex.primary, utf8('the old image')],
    [hex.staging, utf8('erased')],
  ]);

describe('buildUpdateManifest', () => {
  const envelope = trusted(updateManifest);
  const runUpdate = (answer: (operation: Operation) => OperationResult) =>
    drive(runProcedure(envelope, 'update', device), answer).operations.map(describeOperation);

  it('has two components, and checks vendor and class for both', () => {
    expect(updateManifest.components).toEqual([PRIMARY, STAGING]);
    expect(encodeManifest(decodeManifest(encodeManifest(updateManifest)))).toEqual(encodeManifest(updateManifest));
  });

  it('fetches into staging, checks, swaps, checks', () => {
    const contents = slots();
    expect(runUpdate(createSlots(contents))).toEqual([
      'match-image 00',
      'fetch 01 https://example.com/image',
      'match-image 01',
      'match-image 00',
      'swap 01 to 00',
      'match-image 00',
      'match-image 00',
    ]);
    expect(contents.get(hex.primary)).toBe(image);
    expect(contents.get(hex.staging)).toEqual(utf8('the old image'));
  });

  it('applied again, finds its image in place and does nothing', () => {
    const contents = slots();
    const answer = createSlots(contents);
    runUpdate(answer);
    expect(runUpdate(answer)).toEqual(['match-image 00', 'match-image 00', 'match-image 00']);
    expect(contents.get(hex.primary)).toBe(image);
  });

  it('ends in the same state after a power cut before any operation', () => {
    const total = runUpdate(createSlots(slots())).length;
    expect(total).toBe(7);
    for (let cut = 0; cut < total; cut++) {
      const contents = slots();
      const answer = createSlots(contents);
      let operations = 0;
      const cutting = (operation: Operation): OperationResult => {
        if (operations++ === cut) throw new RangeError('power cut');
        return answer(operation);
      };
      expect(() => runUpdate(cutting)).toThrow('power cut');
      runUpdate(answer);
      expect(contents.get(hex.primary), `after a cut before operation ${cut}`).toBe(image);
    }
  });

  it('tells the device the size and digest of what it fetches', () => {
    const { operations } = drive(runProcedure(envelope, 'update', device), createSlots(slots()));
    expect(operations.find((operation) => operation.do === 'fetch')).toEqual({
      do: 'fetch',
      component: STAGING,
      uri: update.image.uri,
      imageBytes: image.length,
      digest: update.image.digest,
    });
  });

  it('never swaps an image that does not match', () => {
    const asked: string[] = [];
    const answer = (operation: Operation): OperationResult => {
      asked.push(operation.do);
      return operation.do === 'match-image' ? { ok: false, code: 'image-mismatch', detail: 'another image' } : OK;
    };
    const run = () => drive(runProcedure(envelope, 'update', device), answer);
    expectRejection(run, 'aborted', 'manifest.payload-fetch[1]');
    expect(asked).toEqual(['match-image', 'fetch', 'match-image']);
  });

  it('validates and invokes what runs', () => {
    const { operations } = drive(runProcedure(envelope, 'invocation', device));
    expect(operations.map(describeOperation)).toEqual(['match-image 00', 'invoke 00']);
  });

  it('makes no entry for the report where all is well', () => {
    expect(drive(runProcedure(envelope, 'update', device), createSlots(slots())).result.entries).toEqual([]);
  });

  describe('with text for people', () => {
    const text = { version: '1.2.3', vendorDomain: 'arm.com', modelInfo: 'suit', description: 'The main firmware' };
    const { manifest, severed } = buildUpdateManifest({ ...update, text });
    const whole = sealed(manifest, [mlDsa44], { severed });

    it('signs the version, and can send it or leave it out', () => {
      const fields = decodeText(opened(whole).text!, manifest.components).get('en')?.components[0]?.fields;
      expect([...fields!.values()]).toEqual(['arm.com', 'suit', 'The main firmware', '1.2.3']);
      expect(opened(dropSevered(decodeEnvelope(whole), 'text')).text).toBeUndefined();
    });

    it('pins the text with the hash of the image', () => {
      const long = { ...text, description: 'The main firmware, in more words than its digest has bytes' };
      const digest = digestOfImage(image, -44);
      const built = buildUpdateManifest({ ...update, image: { ...update.image, digest }, text: long });
      expect(built.manifest.text).toMatchObject({ severed: true, digest: { algorithmId: -44 } });
    });

    it('costs the device 37 bytes', () => {
      const bare = dropSevered(decodeEnvelope(whole), 'text');
      expect(bare.length - sealed(updateManifest).length).toBe(37);
    });
  });

  it('takes a manifest of this size', () => {
    // Every byte here is sent to every device: a change should be seen in review.
    const slot1Image = { ...update.image, uri: 'https://example.com/image-1' };
    const forms = [{}, { layout: 'external' }, { layout: 'a/b' }, { layout: 'a/b', slot1Image }] as const;
    const sizes = forms.map((form) => encodeManifest(buildUpdateManifest({ ...update, ...form }).manifest).length);
    expect(sizes).toEqual([194, 193, 165, 274]);
  });

  it('fetches into external flash, and copies from there', () => {
    const { manifest } = buildUpdateManifest({ ...update, layout: 'external' });
    expect(manifest.components).toEqual([PRIMARY, EXTERNAL]);
    const answer = answerMismatchTo(1, 3);
    const { operations } = drive(runProcedure(trusted(manifest), 'update', device), answer);
    expect(operations.map(describeOperation)).toEqual([
      'match-image 00',
      'fetch 02 https://example.com/image',
      'match-image 02',
      'match-image 00',
      'copy 02 to 00',
      'match-image 00',
      'match-image 00',
    ]);
  });

  it('fetches into the primary where that is all there is', () => {
    const { manifest } = buildUpdateManifest({ ...update, layout: 'a/b' });
    expect(manifest.components).toEqual([PRIMARY]);
    const { operations } = drive(runProcedure(trusted(manifest), 'update', device), answerMismatchTo(1));
    expect(operations.map(describeOperation)).toEqual([
      'match-image 00',
      'fetch 00 https://example.com/image',
      'match-image 00',
      'match-image 00',
    ]);
  });

  it.each([0, 1])('fetches the image that is linked for slot %i', (slot) => {
    const other = utf8('an image for slot 1');
    const slot1Image = { digest: digestOfImage(other), imageBytes: other.length, uri: 'https://example.com/image-1' };
    const { manifest } = buildUpdateManifest({ ...update, layout: 'a/b', slot1Image });
    const wrong: OperationResult = { ok: false, code: 'wrong-slot', detail: `expected slot ${slot}` };
    const answer = (it: Operation): OperationResult => (it.do === 'check-slot' && it.slot !== slot ? wrong : OK);
    const { operations } = drive(runProcedure(trusted(manifest), 'update', device), answer);
    const { uri, digest, imageBytes } = [update.image, slot1Image][slot]!;
    expect(operations.find((operation) => operation.do === 'fetch')).toMatchObject({ uri, digest, imageBytes });
  });

  it('has no second image where only one slot is started', () => {
    expect(() => buildUpdateManifest({ ...update, slot1Image: update.image })).toThrow(RangeError);
  });
});
