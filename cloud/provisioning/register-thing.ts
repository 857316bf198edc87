/**
 * RegisterThing: a token and what a device says of itself, into a thing with a certificate that counts.
 *
 *   token ──▶ whose is it? ──▶ allow-list ──▶ hook ──▶ template ──▶ one transaction: thing, certificate, token
 *                     └── used for the same ──▶ the same answer
 */
import { utf8 } from '../../protocol/bytes.ts';
import { expectObject, expectText, type JsonValue } from '../../protocol/aws-iot/json.ts';
import type { Parameters, RegisterThingRequest, ThingRegistered } from '../../protocol/aws-iot/provisioning.ts';
import { decodeCertificate } from '../formats/certificate.ts';
import { subjectOf } from '../formats/client-certificate.ts';
import { readOne } from '../formats/documents.ts';
import type { Clock, Log } from '../ports.ts';
import { type Certificate, certificateById } from '../store/certificates.ts';
import { tokenByDigest } from '../store/ownership-tokens.ts';
import { isAllowed } from '../store/provisioning-templates.ts';
import { commitRegistration } from '../store/registrations.ts';
import type { Store } from '../store/store.ts';
import { tokenDigest } from './certify.ts';
import { type Caller, decideToken, expectCaller, expectMayRegister, type TokenDecision } from './decide.ts';
import type { PreProvisioningHook } from './hook.ts';
import { certificateParameters, mergeParameters, planRegistration } from './plan-registration.ts';
import { Refusal } from './refusal.ts';
import type { ProvisioningTemplate } from './settings.ts';

export interface RegisteringParts {
  readonly store: Store;
  readonly hook: PreProvisioningHook;
  readonly clock: Clock;
  readonly log: Log;
  /** In the ARN of a template, which a hook is told. */
  readonly account: { readonly region: string; readonly accountId: string };
}

export interface Registering {
  readonly template: ProvisioningTemplate;
  readonly asked: RegisterThingRequest;
  readonly caller: Caller;
}

/** @throws {Refusal} */
export async function registerThing(parts: RegisteringParts, registering: Registering): Promise<ThingRegistered> {
  const { template, asked, caller } = registering;
  const decision = await decideTokenOf(parts, registering);
  if (decision.kind === 'answered') return answerOf(decision.answer);
  const { token, certificate } = decision;
  const parameters = await admittedParameters(parts, registering, certificate);
  const { thing, describe, status, policies, deviceConfiguration } = planRegistration(template.body, parameters);
  const answer = { thingName: thing, deviceConfiguration };
  const nowMs = parts.clock();
  const committed = await commitRegistration(parts.store, {
    thing,
    describe,
    status,
    policies: JSON.stringify(policies),
    certificateId: certificate.id,
    template: template.name,
    nowMs,
    principal: caller.certificateId,
    check: (existing, asking) => {
      // A hook takes its time, in which who asks may have been revoked.
      expectCaller({ ...caller, certificate: asking, nowMs });
      expectMayRegister({ caller, thing, certificate, existing, template, nowMs });
    },
    token: {
      digest: token.digest,
      usedFor: purposeOf(template.name, asked.parameters),
      answer: JSON.stringify(answer),
    },
  });
  if (committed) return answer;
  // Somebody with the same token was faster, which may have been this device itself.
  const again = await decideTokenOf(parts, registering);
  if (again.kind === 'answered') return answerOf(again.answer);
  throw new TypeError('a token was used, and has no answer');
}

async function decideTokenOf(
  { store, clock }: RegisteringParts,
  { template, asked, caller }: Registering,
): Promise<TokenDecision> {
  const { certificateOwnershipToken, parameters } = asked;
  if (certificateOwnershipToken === '')
    throw new Refusal('InvalidCertificateOwnershipToken', 'Certificate ownership token cannot be empty.');
  const token = await tokenByDigest(store, tokenDigest(certificateOwnershipToken));
  const certificate = token && (await certificateById(store, token.certificateId));
  return decideToken({ token, certificate, caller, usedFor: purposeOf(template.name, parameters), nowMs: clock() });
}

/** What a token is used for: the same words again are the same request again. */
const purposeOf = (template: string, parameters: Parameters): string =>
  tokenDigest(JSON.stringify([template, ...Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1))]));

/** What the device said, if the allow-list and the hook let it, with what the hook says over it. */
async function admittedParameters(
  parts: RegisteringParts,
  { template, asked, caller }: Registering,
  certificate: Certificate,
): Promise<ReadonlyMap<string, string>> {
  const { name, body, settings } = template;
  const said = asked.parameters;
  const { allowListParameter: listed } = settings;
  if (listed !== undefined && !(await isAllowed(parts.store, name, said[listed] ?? '')))
    throw new Refusal('AccessDenied', `the ${listed} of this device is not on the allow-list`);
  const overrides =
    settings.hook === undefined ? {} : await ask(parts, settings.hook, { name, said, caller, certificate });
  const subject = subjectOf(decodeCertificate(readOne(utf8(certificate.pem), 'CERTIFICATE'), 'certificate'));
  return mergeParameters(body, { said, overrides, ofCertificate: certificateParameters(certificate.id, subject) });
}

interface HookCase {
  readonly name: string;
  readonly said: Parameters;
  readonly caller: Caller;
  readonly certificate: Certificate;
}

async function ask(
  parts: RegisteringParts,
  url: string,
  { name, said, caller, certificate }: HookCase,
): Promise<Parameters> {
  const { hook, account, log } = parts;
  try {
    const { overrides } = await hook(url, {
      claimCertificateId: caller.certificateId,
      certificateId: certificate.id,
      certificatePem: certificate.pem,
      templateArn: `arn:aws:iot:${account.region}:${account.accountId}:provisioningtemplate/${name}`,
      clientId: caller.clientId,
      parameters: said,
    });
    return overrides;
  } catch (error) {
    // Whatever is wrong with it, it has not said yes.
    const reason = error instanceof Error ? error.message : 'unknown';
    log.warn({ template: name, clientId: caller.clientId, reason }, 'the pre-provisioning hook did not allow it');
    throw new Refusal('AccessDenied', 'the pre-provisioning hook did not allow it');
  }
}

function answerOf(json: string): ThingRegistered {
  const value: JsonValue = JSON.parse(json);
  const { thingName, deviceConfiguration } = expectObject(value, 'store');
  return { thingName: expectText(thingName, 'store'), deviceConfiguration: expectObject(deviceConfiguration, 'store') };
}
