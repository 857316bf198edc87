import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../protocol/bytes.ts';
import type { RejectionCode } from '../../../../protocol/errors.ts';
import { digestOfImage } from '../../../../protocol/suit/digest.ts';
import type { TestName } from '../../../../protocol/suit/labels.ts';
import type { Parameters } from '../../../../protocol/suit/parameters.ts';
import type { Operation, OperationResult, ProcessorContext } from '../../../../protocol/suit/processor/operations.ts';
import { ProcedureRejection } from '../../../../protocol/suit/processor/operations.ts';
import { runProcedure } from '../../../../protocol/suit/processor.ts';
import { expectRejection } from '../../../support/expect-rejection.ts';
import { classId, device, drive, manifestWith, OK, trusted, vendorId } from '../../../support/suit.ts';

const deviceId = vendorId.toReversed();
const digest = digestOfImage(utf8('an image'));
const pen = Uint8Array.of(0x83, 0xa6, 0x12);

/** Its last bit changed. */
const almost = (id: Uint8Array) => id.map((byte, i) => (i === id.length - 1 ? byte ^ 1 : byte));

/** Sets the parameters, then tests once, reporting all there is to report. */
function test(
  name: TestName,
  parameters: Parameters,
  { context = {}, answer = OK }: { context?: Partial<ProcessorContext>; answer?: OperationResult } = {},
) {
  const manifest = manifestWith(
    {
      validate: [
        { name: 'override-parameters', parameters: { strictOrder: true, ...parameters } },
        { name, policy: 15 },
      ],
    },
    { shared: null },
  );
  return drive(runProcedure(trusted(manifest), 'update', { ...device, ...context }), () => answer);
}

const component = [Uint8Array.of(0)];
const refused: OperationResult = { ok: false, code: 'image-mismatch', detail: 'another image' };

describe('a condition is met', () => {
  it.each<[name: TestName, parameters: Parameters, context: Partial<ProcessorContext>]>([
    ['vendor-identifier', { vendorId: { form: 'uuid', bytes: vendorId } }, {}],
    ['vendor-identifier', { vendorId: { form: 'uuid', bytes: vendorId } }, { vendorIds: [pen, deviceId, vendorId] }],
    ['vendor-identifier', { vendorId: { form: 'pen', bytes: pen } }, { vendorIds: [vendorId, pen] }],
    ['class-identifier', { classId }, {}],
    ['class-identifier', { classId }, { classIds: [deviceId, classId] }],
    ['device-identifier', { deviceId }, { deviceId }],
  ])('%s, by what the device is', (name, parameters, context) => {
    const { operations, result } = test(name, parameters, { context });
    expect(operations).toEqual([]);
    const record = { section: 'validate', offset: expect.any(Number), componentIndex: 0, properties: parameters };
    expect(result.entries).toEqual([record, { component, measured: parameters }]);
  });

  it.each<[name: TestName, parameters: Parameters, operation: Operation]>([
    ['image-match', { imageDigest: digest }, { do: 'match-image', component, digest }],
    ['image-match', { imageDigest: digest, imageBytes: 8 }, { do: 'match-image', component, digest, imageBytes: 8 }],
    ['component-slot', { componentSlot: 0 }, { do: 'check-slot', component, slot: 0 }],
    ['check-content', { content: utf8('x') }, { do: 'check-content', component, content: utf8('x') }],
  ])('%s, by what the device answers', (name, parameters, operation) => {
    const { operations, result } = test(name, parameters);
    expect(operations).toEqual([operation]);
    expect(result.entries).toContainEqual({ component, measured: parameters });
  });
});

describe('a condition is not met', () => {
  it.each<[name: TestName, parameters: Parameters, context: Partial<ProcessorContext>, code: RejectionCode]>([
    ['vendor-identifier', { vendorId: { form: 'uuid', bytes: classId } }, {}, 'wrong-vendor'],
    ['vendor-identifier', { vendorId: { form: 'uuid', bytes: vendorId } }, { vendorIds: [] }, 'wrong-vendor'],
    ['vendor-identifier', { vendorId: { form: 'pen', bytes: pen } }, {}, 'wrong-vendor'],
    ['vendor-identifier', { vendorId: { form: 'uuid', bytes: almost(vendorId) } }, {}, 'wrong-vendor'],
    ['vendor-identifier', {}, {}, 'parameter-missing'],
    ['class-identifier', { classId: vendorId }, {}, 'wrong-class'],
    ['class-identifier', { classId }, { classIds: [] }, 'wrong-class'],
    ['class-identifier', { classId: almost(classId) }, {}, 'wrong-class'],
    ['class-identifier', {}, {}, 'parameter-missing'],
    ['device-identifier', { deviceId }, { deviceId: vendorId }, 'wrong-device'],
    ['device-identifier', { deviceId }, {}, 'wrong-device'],
    ['device-identifier', {}, { deviceId }, 'parameter-missing'],
    ['image-match', {}, {}, 'parameter-missing'],
    ['image-match', { imageBytes: 8 }, {}, 'parameter-missing'],
    ['component-slot', {}, {}, 'parameter-missing'],
    ['check-content', {}, {}, 'parameter-missing'],
    ['abort', {}, {}, 'aborted'],
  ])('%s with %o on %o: %s', (name, parameters, context, code) => {
    expectRejection(() => test(name, parameters, { context }), code, 'manifest.validate[1]');
  });

  it.each<[name: TestName, parameters: Parameters]>([
    ['image-match', { imageDigest: digest }],
    ['component-slot', { componentSlot: 0 }],
    ['check-content', { content: utf8('x') }],
  ])('%s where the device says so, with its code', (name, parameters) => {
    const rejection = expectRejection(() => test(name, parameters, { answer: refused }), 'image-mismatch');
    expect(rejection).toMatchObject({ at: 'manifest.validate[1]', detail: 'another image' });
  });

  it('and the report says what was found instead', () => {
    const measured: Parameters = { imageDigest: digestOfImage(utf8('another image')) };
    const rejection = expectRejection(
      () => test('image-match', { imageDigest: digest }, { answer: { ...refused, measured } }),
      'image-mismatch',
    ) as ProcedureRejection;
    expect(rejection).toBeInstanceOf(ProcedureRejection);
    expect(rejection.record).toMatchObject({ section: 'validate', componentIndex: 0, properties: measured });
    expect(rejection.entries).toEqual([rejection.record, { component, measured }]);
  });

  it.each<[name: TestName, parameters: Parameters, measured: Parameters]>([
    [
      'vendor-identifier',
      { vendorId: { form: 'uuid', bytes: classId } },
      { vendorId: { form: 'uuid', bytes: vendorId } },
    ],
    ['class-identifier', { classId: vendorId }, { classId }],
    ['device-identifier', { deviceId: vendorId }, { deviceId }],
  ])('%s: the report says what the device is', (name, parameters, measured) => {
    const rejection = expectRejection(() => test(name, parameters, { context: { deviceId } }), expectedCode(name));
    expect(rejection).toMatchObject({ record: { properties: measured } });
  });
});

const expectedCode = (name: TestName): RejectionCode =>
  name === 'vendor-identifier' ? 'wrong-vendor' : name === 'class-identifier' ? 'wrong-class' : 'wrong-device';
