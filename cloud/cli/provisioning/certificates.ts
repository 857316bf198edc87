/** `bristlecone provisioning certificates | revoke | activate | readmit`: who is a device of this cloud. */
import type { Command } from 'commander';
import { run, subcommand, textTable, UsageError } from '../../../command-line.ts';
import { isThingName } from '../../../protocol/aws-iot/topics.ts';
import { OperatorError } from '../../errors.ts';
import { activateFor, readmitThing } from '../../store/admissions.ts';
import { type Certificate, listCertificates, revokeCertificates } from '../../store/certificates.ts';
import type { Store } from '../../store/store.ts';
import { type DataOptions, withDataOption } from '../kms-option.ts';
import { openCloudFiles } from '../open-cloud.ts';

interface Selection extends DataOptions {
  readonly thing?: string;
}

export function registerCertificateCommands(parent: Command): void {
  registerList(parent);
  registerRevoke(parent);
  registerActivate(parent);
  registerReadmit(parent);
}

function registerList(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, {
      name: 'certificates',
      summary: 'all certificates with their status, or those of a thing; claims too',
      examples: ['provisioning certificates', 'provisioning certificates --thing hub-1 --json'],
    }),
  ).option('--thing <name>', 'only those of this thing');
  run<Selection>(command, async ({ options }) => {
    await using cloud = await openCloudFiles(options.data);
    const certificates = (await listCertificates(cloud.store, options)).map(jsonOf);
    const rows = certificates.map((it) => [
      it.certificateId.slice(0, 16),
      it.kind,
      it.status,
      it.thing ?? '–',
      it.templates.join(' ') || '–',
      it.expiresAt.slice(0, 10),
      it.firstConnectedAt?.slice(0, 19) ?? 'never',
    ]);
    const head = ['certificate', 'kind', 'status', 'thing', 'templates', 'expires', 'first connected'];
    return { json: certificates, text: textTable(head, rows) };
  });
}

function registerRevoke(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, {
      name: 'revoke',
      summary: 'for good, with all of its key: the connection is cut, and neither key nor thing come back by a claim',
      examples: ['provisioning revoke 8e9c1f0a', 'provisioning revoke --thing hub-1'],
    }),
  )
    .argument('[certificate]', 'certificate id, or its first 8 or more characters')
    .option('--thing <name>', 'all certificates of this thing');
  run<Selection>(command, async ({ args: [given], options }) => {
    if ((given === undefined) === (options.thing === undefined))
      throw new UsageError('expected either a certificate id or --thing NAME');
    await using cloud = await openCloudFiles(options.data);
    const found =
      given === undefined ? await ofThing(cloud.store, options.thing ?? '') : [await oneBy(cloud.store, given)];
    const ids = await revokeCertificates(
      cloud.store,
      found.map(({ id }) => id),
    );
    return {
      json: { revoked: ids },
      text: `Revoked ${ids.length === 1 ? ids[0] : `${ids.length} certificates`}. A running cloud cuts the connection now.`,
    };
  });
}

function registerActivate(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, {
      name: 'activate',
      summary: 'let in who waits: a certificate of a manufacturer without a template, or one that is INACTIVE',
      examples: ['provisioning activate 8e9c1f0a --thing hub-1', 'provisioning activate 8e9c1f0a'],
    }),
  )
    .argument('<certificate>', 'certificate id, or its first 8 or more characters')
    .option('--thing <name>', 'the thing that it stands for, where it has none yet');
  run<Selection>(command, async ({ args: [given = ''], options, io }) => {
    await using cloud = await openCloudFiles(options.data);
    const certificate = await oneBy(cloud.store, given);
    const thing = certificate.thing ?? options.thing;
    if (thing === undefined || !isThingName(thing)) throw new UsageError('--thing: expected the name of a thing');
    await activateFor(cloud.store, { certificate, thing, nowMs: io.nowMs() });
    return { json: { activated: certificate.id, thing }, text: `${certificate.id} counts now: it is ${thing}.` };
  });
}

function registerReadmit(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, {
      name: 'readmit',
      summary: 'let a thing that was revoked be registered again, with a new key',
      examples: ['provisioning readmit hub-1'],
    }),
  ).argument('<thing>', 'name of the thing');
  run<DataOptions>(command, async ({ args: [thing = ''], options }) => {
    await using cloud = await openCloudFiles(options.data);
    const certificates = await readmitThing(cloud.store, thing);
    if (certificates === 0) throw new OperatorError('not-revoked', `no certificate of ${thing} has been revoked`);
    return {
      json: { readmitted: thing, certificates },
      text: `${thing} may be registered again. Its ${certificates} revoked certificates stay revoked, and their keys too.`,
    };
  });
}

async function ofThing(store: Store, thing: string): Promise<readonly Certificate[]> {
  const certificates = await listCertificates(store, { thing });
  if (certificates.length > 0) return certificates;
  throw new OperatorError(
    'unknown-certificate',
    `there is no certificate of a thing ${JSON.stringify(thing.slice(0, 128))}`,
  );
}

async function oneBy(store: Store, given: string): Promise<Certificate> {
  const fitting = (await listCertificates(store)).filter(({ id }) => given.length >= 8 && id.startsWith(given));
  const [certificate] = fitting;
  if (certificate && fitting.length === 1) return certificate;
  throw new OperatorError(
    'unknown-certificate',
    `expected the id of one certificate, or at least its first 8 characters: ${fitting.length} fit. ` +
      'See `bristlecone provisioning certificates`.',
  );
}

const jsonOf = (it: Certificate) => ({
  certificateId: it.id,
  kind: it.kind,
  status: it.status,
  thing: it.thing,
  templates: it.templates,
  authorityId: it.authorityId,
  createdAt: new Date(it.createdAtMs).toISOString(),
  expiresAt: new Date(it.expiresAtMs).toISOString(),
  firstConnectedAt: it.firstConnectedAtMs === undefined ? undefined : new Date(it.firstConnectedAtMs).toISOString(),
});
