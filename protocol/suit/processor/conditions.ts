/** Conditions (draft-ietf-suit-manifest-37 §8.4.9): decided here, or by the device. They change nothing. */
import { equalBytes, toHex } from '../../bytes.ts';
import { Rejection, type RejectionCode } from '../../errors.ts';
import type { TestName } from '../labels.ts';
import type { Parameters, VendorId } from '../parameters.ts';
import type { Operation, OperationResult } from './operations.ts';
import { UUID_BYTES } from '../uuid.ts';
import { componentAt, parametersAt, type State } from './state.ts';

export interface TestContext {
  readonly state: State;
  readonly index: number;
  readonly at: string;
}

/** What came of a test: the parameters it used, and where it failed, why and what was found instead. */
export interface TestResult {
  readonly used: Parameters;
  readonly refusal?: Rejection;
  readonly measured?: Parameters;
}

/** A question to the device, and the parameters that went into it. */
interface Question {
  readonly used: Parameters;
  readonly operation: Operation;
}

/** One row per condition that is implemented. */
const TESTS: Readonly<Record<TestName, (context: TestContext) => TestResult | Question>> = {
  'vendor-identifier'({ state, index, at }) {
    const { vendorId } = parametersAt(state, index);
    if (!vendorId) return missing('vendor-identifier', at);
    const own = state.context.vendorIds;
    // A PEN is never as long as a UUID, so the bytes alone tell them apart.
    if (own.some((id) => equalBytes(id, vendorId.bytes))) return { used: { vendorId } };
    const refusal = otherId('wrong-vendor', vendorId.bytes, at);
    return { used: { vendorId }, refusal, ...(own[0] && { measured: { vendorId: vendorIdOf(own[0]) } }) };
  },

  'class-identifier'({ state, index, at }) {
    const { classId } = parametersAt(state, index);
    if (!classId) return missing('class-identifier', at);
    const own = state.context.classIds;
    if (own.some((id) => equalBytes(id, classId))) return { used: { classId } };
    const refusal = otherId('wrong-class', classId, at);
    return { used: { classId }, refusal, ...(own[0] && { measured: { classId: own[0] } }) };
  },

  'device-identifier'({ state, index, at }) {
    const { deviceId } = parametersAt(state, index);
    if (!deviceId) return missing('device-identifier', at);
    const own = state.context.deviceId;
    if (own && equalBytes(own, deviceId)) return { used: { deviceId } };
    const refusal = otherId('wrong-device', deviceId, at);
    return { used: { deviceId }, refusal, ...(own && { measured: { deviceId: own } }) };
  },

  'image-match'({ state, index, at }) {
    const { imageDigest, imageBytes } = parametersAt(state, index);
    if (!imageDigest) return missing('image-digest', at);
    const size = imageBytes === undefined ? {} : { imageBytes };
    const component = componentAt(state, index);
    return {
      used: { imageDigest, ...size },
      operation: { do: 'match-image', component, digest: imageDigest, ...size },
    };
  },

  'component-slot'({ state, index, at }) {
    const { componentSlot } = parametersAt(state, index);
    if (componentSlot === undefined) return missing('component-slot', at);
    const component = componentAt(state, index);
    return { used: { componentSlot }, operation: { do: 'check-slot', component, slot: componentSlot } };
  },

  'check-content'({ state, index, at }) {
    const { content } = parametersAt(state, index);
    if (!content) return missing('content', at);
    return { used: { content }, operation: { do: 'check-content', component: componentAt(state, index), content } };
  },

  abort: ({ at }) => notMet('aborted', at, 'expected not to come here: the manifest says to stop'),
};

export function* runTest(name: TestName, context: TestContext): Generator<Operation, TestResult, OperationResult> {
  const test = TESTS[name](context);
  if (!('operation' in test)) return test;
  const answer = yield test.operation;
  if (answer.ok) return { used: test.used };
  const refusal = new Rejection(answer.code, context.at, answer.detail);
  return { used: test.used, refusal, ...(answer.measured && { measured: answer.measured }) };
}

const notMet = (code: RejectionCode, at: string, detail: string): TestResult => ({
  used: {},
  refusal: new Rejection(code, at, detail),
});

/** A condition whose parameter is not set is not met (§8.4.9). */
const missing = (parameter: string, at: string): TestResult =>
  notMet('parameter-missing', at, `expected the parameter ${parameter}, got none`);

const otherId = (code: RejectionCode, id: Uint8Array, at: string): Rejection =>
  new Rejection(code, at, `expected an identifier of this device, got ${toHex(id)}`);

const vendorIdOf = (bytes: Uint8Array): VendorId => ({ form: bytes.length === UUID_BYTES ? 'uuid' : 'pen', bytes });
