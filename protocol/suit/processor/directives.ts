/**
 * Directives that touch a component (draft-ietf-suit-manifest-37 §8.4.10). One that fails stops the procedure, whatever
 * soft-failure says (§6.4): so these throw.
 */
import { Rejection } from '../../errors.ts';
import type { EffectName, TestName } from '../labels.ts';
import type { Parameters } from '../parameters.ts';
import type { Operation, OperationResult } from './operations.ts';
import { componentAt, type Frame, parametersAt, type State } from './state.ts';

interface EffectContext {
  readonly state: State;
  readonly frame: Frame;
  readonly index: number;
  readonly at: string;
}

/** The operation that a directive comes to, and the parameters it used. */
interface Effect {
  readonly operation: Operation;
  readonly used: Parameters;
}

/**
 * @throws {Rejection} `forbidden-command`, `parameter-missing`, `image-too-large`, `image-mismatch`, `image-unavailable`,
 *   and what the device answers
 */
export function* runEffect(
  name: EffectName,
  context: EffectContext,
): Generator<Operation, Parameters, OperationResult> {
  const { state, at } = context;
  if (!state.met.has('vendor-identifier') || !state.met.has('class-identifier')) {
    const detail = `expected vendor and class to be checked first, got ${name}`;
    throw new Rejection('forbidden-command', at, detail);
  }
  const { operation, used } = EFFECTS[name](context);
  const result = yield operation;
  if (!result.ok) throw new Rejection(result.code, at, result.detail);
  return used;
}

/** One row per directive that is implemented. */
const EFFECTS: Readonly<Record<EffectName, (context: EffectContext) => Effect>> = {
  fetch(context) {
    const { state, index, at } = context;
    const { uri, imageBytes, imageDigest, fetchArguments } = parametersAt(state, index);
    if (uri === undefined) throw missing('uri', at);
    const integrated = state.envelope.integrated.get(uri);
    if (integrated) return { ...store(context, integrated), used: { uri } };
    if (uri.startsWith('#')) throw notIntegrated(at);
    writes(context);
    return {
      operation: {
        do: 'fetch',
        component: componentAt(state, index),
        uri,
        ...(imageBytes !== undefined && { imageBytes }),
        ...(imageDigest && { digest: imageDigest }),
        ...(fetchArguments && { fetchArguments }),
      },
      used: { uri },
    };
  },

  write(context) {
    const { content } = parametersAt(context.state, context.index);
    if (!content) throw missing('content', context.at);
    return { ...store(context, content), used: { content } };
  },

  copy(context) {
    const { imageBytes } = parametersAt(context.state, context.index);
    const { from, to, used } = sourceAndTarget(context);
    return { operation: { do: 'copy', from, to, ...(imageBytes !== undefined && { imageBytes }) }, used };
  },

  swap(context) {
    const { from, to, used } = sourceAndTarget(context);
    return { operation: { do: 'swap', from, to }, used };
  },

  invoke({ state, index }) {
    const { invokeArguments } = parametersAt(state, index);
    const used = invokeArguments ? { invokeArguments } : {};
    return { operation: { do: 'invoke', component: componentAt(state, index), ...used }, used };
  },
};

export const isEffect = (name: TestName | EffectName): name is EffectName => name in EFFECTS;

const notIntegrated = (at: string): Rejection =>
  new Rejection('image-unavailable', at, 'expected the payload of this URI in the envelope, got none');

const missing = (parameter: string, at: string): Rejection =>
  new Rejection('parameter-missing', at, `expected the parameter ${parameter}, got none`);

/** Bytes that came with the envelope or the manifest, held against image-size before they are written. */
function store(context: EffectContext, content: Uint8Array): { readonly operation: Operation } {
  const { state, index, at } = context;
  const { imageBytes } = parametersAt(state, index);
  if (imageBytes !== undefined && content.length !== imageBytes) {
    const code = content.length > imageBytes ? 'image-too-large' : 'image-mismatch';
    throw new Rejection(code, at, `expected ${imageBytes} bytes, got ${content.length}`);
  }
  writes(context);
  return { operation: { do: 'write', component: componentAt(state, index), content } };
}

function sourceAndTarget(context: EffectContext) {
  const { state, index, at } = context;
  const { sourceComponent } = parametersAt(state, index);
  if (sourceComponent === undefined) throw missing('source-component', at);
  if (sourceComponent === index) throw race(at, index);
  reads(context, sourceComponent);
  writes(context);
  return { from: componentAt(state, sourceComponent), to: componentAt(state, index), used: { sourceComponent } };
}

const race = (at: string, index: number): Rejection =>
  new Rejection('forbidden-command', at, `expected component ${index} as either source or target, got both`);

/**
 * Where the order is free, a component that is read and written is a race, and to be refused (§6.7), though this
 * processor always keeps the order. It counts for every enclosing sequence of free order too.
 */
function reads({ frame, at }: EffectContext, source: number): void {
  for (let outer: Frame | undefined = frame; outer; outer = outer.parent) {
    if (outer.strictOrder) continue;
    if (outer.targets.has(source)) throw race(at, source);
    outer.sources.add(source);
  }
}

function writes({ frame, index, at }: EffectContext): void {
  for (let outer: Frame | undefined = frame; outer; outer = outer.parent) {
    if (outer.strictOrder) continue;
    if (outer.sources.has(index)) throw race(at, index);
    outer.targets.add(index);
  }
}
