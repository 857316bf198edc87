/**
 * The pre-provisioning hook: an HTTP endpoint of the operator that is asked before each registration, with the payload
 * that AWS IoT sends to its Lambda function, and that has five seconds to allow it. Anything but a clear yes is a no.
 *
 * AWS IoT developer guide, "Pre-provisioning hooks".
 */
import { decodeJsonObject, encodeJson, expectObject, type JsonObject } from '../../protocol/aws-iot/json.ts';
import { expectParameters, type Parameters } from '../../protocol/aws-iot/provisioning.ts';

export interface HookQuestion {
  readonly claimCertificateId: string;
  readonly certificateId: string;
  readonly certificatePem: string;
  readonly templateArn: string;
  readonly clientId: string;
  readonly parameters: Parameters;
}

export interface HookYes {
  readonly overrides: Parameters;
}

/** @throws where the answer is no yes, or none: the message is for the operator's log */
export type PreProvisioningHook = (url: string, question: HookQuestion) => Promise<HookYes>;

/** AWS IoT. */
const HOOK_TIMEOUT_MS = 5_000;
/** bytes. Overrides for all parameters that a device may send. */
const MAX_ANSWER_BYTES = 262_144;

export interface HookOptions {
  readonly fetch?: typeof globalThis.fetch;
  /** Aborts what has taken too long. */
  readonly deadline?: () => AbortSignal;
}

export const createHttpHook =
  ({
    fetch = globalThis.fetch,
    deadline = () => AbortSignal.timeout(HOOK_TIMEOUT_MS),
  }: HookOptions = {}): PreProvisioningHook =>
  async (url, question) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new TextDecoder().decode(encodeJson(question)),
      // A redirect would take what is asked to where the operator did not send it.
      redirect: 'error',
      // It bounds the body too, which may drip.
      signal: deadline(),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`expected status 200, got ${response.status}`);
    }
    return readAnswer(decodeJsonObject(await readBounded(response), { at: 'hook', maxBytes: MAX_ANSWER_BYTES }));
  };

function readAnswer({ allowProvisioning, parameterOverrides }: JsonObject): HookYes {
  if (allowProvisioning !== true) throw new Error('it does not allow this');
  return { overrides: expectParameters(expectObject(parameterOverrides ?? {}, 'hook'), 'hook.parameterOverrides') };
}

async function readBounded({ body }: Response): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    bytes += part.length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`expected at most ${MAX_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
