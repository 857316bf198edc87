/** `bristlecone provisioning ca`: CAs of manufacturers, whose devices register themselves when they first connect. */
import type { Command } from 'commander';
import { run, subcommand, textTable } from '../../../command-line.ts';
import { OperatorError } from '../../errors.ts';
import { decodeCertificate } from '../../formats/certificate.ts';
import { verifyChain } from '../../formats/chain.ts';
import { readOne } from '../../formats/documents.ts';
import { MAX_CERTIFICATES_BYTES } from '../../formats/limits.ts';
import { encodePem } from '../../formats/pem.ts';
import { certificateIdOf } from '../../identity/authority.ts';
import { deleteAuthority, insertAuthority, listAuthorities } from '../../store/authorities.ts';
import { expectTemplate } from '../../store/provisioning-templates.ts';
import { readInput } from '../files.ts';
import { type DataOptions, withDataOption } from '../kms-option.ts';
import { openCloudFiles } from '../open-cloud.ts';

export function registerAuthorityCommands(parent: Command): void {
  const ca = parent.command('ca').description('CAs of manufacturers, whose devices register themselves');
  registerRegister(ca);
  registerList(ca);
  registerDelete(ca);
}

function registerRegister(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, {
      name: 'register',
      summary: 'trust the devices of a manufacturer: each is registered by a template when it first connects',
      examples: [
        'provisioning ca register maker-ca.pem --template hubs',
        'provisioning ca register maker-ca.pem   # each waits for `provisioning activate`',
      ],
    }),
  )
    .argument('<file>', 'certificate of the CA, in PEM or DER')
    .option('--template <name>', 'carried out with what the subject of a device’s certificate says');
  run<DataOptions & { template?: string }>(command, async ({ args: [file = ''], options, io }) => {
    const der = readOne(readInput(file, MAX_CERTIFICATES_BYTES), 'CERTIFICATE');
    const nowMs = io.nowMs();
    // It must be one whose certificates could be accepted: a CA, current, with an algorithm of today.
    verifyChain([der], { roots: [der], atMs: nowMs, purpose: 'ca' });
    await using cloud = await openCloudFiles(options.data);
    const { template } = options;
    if (template !== undefined) await expectTemplate(cloud.store, template);
    const id = certificateIdOf(der);
    const pem = encodePem('CERTIFICATE', der);
    await insertAuthority(cloud.store, { id, pem, createdAtMs: nowMs, ...(template !== undefined && { template }) });
    const { subject } = decodeCertificate(der, file);
    const then = template === undefined ? 'wait for `provisioning activate`' : `are registered by template ${template}`;
    return {
      json: { certificateId: id, subject, template: template ?? null },
      text: `Registered the CA "${subject}" (${id}): its devices ${then} when they first connect.`,
    };
  });
}

function registerList(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, { name: 'list', summary: 'all registered CAs', examples: ['provisioning ca list'] }),
  );
  run<DataOptions>(command, async ({ options }) => {
    await using cloud = await openCloudFiles(options.data);
    const authorities = (await listAuthorities(cloud.store)).map(({ id, pem, template = null }) => ({
      certificateId: id,
      subject: decodeCertificate(readOne(new TextEncoder().encode(pem), 'CERTIFICATE'), id).subject,
      template,
    }));
    const rows = authorities.map(({ certificateId, subject, template }) => [certificateId, subject, template ?? '–']);
    return { json: authorities, text: textTable(['certificate id', 'subject', 'template'], rows) };
  });
}

function registerDelete(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, {
      name: 'delete',
      summary: 'trust it no longer: its devices are cut off, and cannot connect with its certificates',
      examples: ['provisioning ca delete 4f1c…'],
    }),
  ).argument('<id>', 'certificate id of the CA, or its first 8 or more characters');
  run<DataOptions>(command, async ({ args: [given = ''], options }) => {
    await using cloud = await openCloudFiles(options.data);
    const fitting = (await listAuthorities(cloud.store)).filter(({ id }) => given.length >= 8 && id.startsWith(given));
    const [authority] = fitting;
    if (!authority || fitting.length > 1)
      throw new OperatorError('unknown-authority', `expected the id of one registered CA, ${fitting.length} fit`);
    const certificates = await deleteAuthority(cloud.store, authority.id);
    return {
      json: { deleted: authority.id, certificates },
      text: `Deleted the CA ${authority.id}: ${certificates} certificates of devices no longer count.`,
    };
  });
}
