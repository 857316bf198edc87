/** `bristlecone provisioning template`: what becomes of a device that registers. */
import type { Command } from 'commander';
import { type CommandResult, run, subcommand, textTable, UsageError } from '../../../command-line.ts';
import {
  createTemplate,
  DEFAULT_CERTIFICATE_DAYS,
  DEFAULT_TEMPLATE,
  type ProvisioningTemplate,
  type TemplateSettings,
} from '../../provisioning/settings.ts';
import { MAX_TEMPLATE_LENGTH } from '../../provisioning/template.ts';
import { deleteTemplate, expectTemplate, listTemplates, putTemplate } from '../../store/provisioning-templates.ts';
import { readInput } from '../files.ts';
import { type DataOptions, withDataOption } from '../kms-option.ts';
import { openCloudFiles } from '../open-cloud.ts';

interface PutOptions extends DataOptions {
  readonly file?: string;
  readonly hook?: string;
  readonly allowListBy?: string;
  readonly rotation: boolean;
  readonly replaceThings?: true;
  readonly certificateDays: string;
  readonly disabled?: true;
}

export function registerTemplateCommands(parent: Command): void {
  const template = parent.command('template').description('what becomes of a device that registers');
  registerPut(template);
  registerList(template);
  registerShow(template);
  registerDelete(template);
}

function registerPut(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, {
      name: 'put',
      summary: 'add a template, or replace one: an AWS IoT provisioning template in JSON',
      examples: [
        'provisioning template put hubs',
        'provisioning template put hubs --file hubs.json --hook https://factory.example/allow',
        'provisioning template put hubs --file hubs.json --allow-list-by SerialNumber --certificate-days 365',
      ],
    }),
  )
    .argument('<name>', '1 to 36 of a-z, A-Z, 0-9, _ and -')
    .option('--file <file>', 'the template, - for standard input (default: a thing named by its SerialNumber)')
    .option('--hook <url>', 'pre-provisioning hook: asked by HTTP POST before each registration, yes within 5 seconds')
    .option('--allow-list-by <parameter>', 'only those whose value of this parameter is on the allow-list')
    .option('--no-rotation', 'its devices may not replace their own certificates with it')
    .option(
      '--replace-things',
      'a claim may register a thing of this template again that has a certificate with another key',
    )
    .option('--certificate-days <n>', 'how long a certificate is valid', String(DEFAULT_CERTIFICATE_DAYS))
    .option('--disabled', 'it registers nobody for now');
  run<PutOptions>(command, async ({ args: [name = ''], options, io }) => {
    const { file } = options;
    const text =
      file === undefined ? DEFAULT_TEMPLATE : new TextDecoder().decode(readInput(file, 4 * MAX_TEMPLATE_LENGTH));
    const template = createTemplate(name, text, settingsOf(options));
    await using cloud = await openCloudFiles(options.data);
    const version = await putTemplate(cloud.store, template, io.nowMs());
    return {
      json: { name, version, settings: template.settings },
      text:
        `Template ${name}, version ${version}: ${describeSettings(template.settings)}\n` +
        `Next: bristlecone provisioning claim create --template ${name} --out claim`,
    };
  });
}

function settingsOf(options: PutOptions): TemplateSettings {
  const { hook, allowListBy, rotation, replaceThings, certificateDays, disabled } = options;
  if (!/^\d{1,5}$/.test(certificateDays))
    throw new UsageError(
      `--certificate-days: expected 1 to 36500, got ${JSON.stringify(certificateDays.slice(0, 20))}`,
    );
  return {
    enabled: disabled === undefined,
    ...(hook !== undefined && { hook }),
    ...(allowListBy !== undefined && { allowListParameter: allowListBy }),
    rotation,
    replaceThings: replaceThings ?? false,
    certificateDays: Number(certificateDays),
  };
}

function registerList(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, { name: 'list', summary: 'all templates', examples: ['provisioning template list'] }),
  );
  run<DataOptions>(command, async ({ options }) => {
    await using cloud = await openCloudFiles(options.data);
    const templates = await listTemplates(cloud.store);
    const rows = templates.map(({ name, version, settings }) => [name, version, describeSettings(settings)]);
    return { json: templates.map(jsonOf), text: textTable(['template', 'version', 'settings'], rows) };
  });
}

function registerShow(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, { name: 'show', summary: 'one template', examples: ['provisioning template show hubs'] }),
  ).argument('<name>', 'template');
  run<DataOptions>(command, async ({ args: [name = ''], options }): Promise<CommandResult> => {
    await using cloud = await openCloudFiles(options.data);
    const template = await expectTemplate(cloud.store, name);
    const { version, settings, text } = template;
    return {
      json: { ...jsonOf(template), body: JSON.parse(text) },
      text: `Template ${name}, version ${version}: ${describeSettings(settings)}\n\n${text}`,
    };
  });
}

function registerDelete(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, {
      name: 'delete',
      summary: 'a template and its allow-list; devices that it has registered stay',
      examples: ['provisioning template delete hubs'],
    }),
  ).argument('<name>', 'template');
  run<DataOptions>(command, async ({ args: [name = ''], options }) => {
    await using cloud = await openCloudFiles(options.data);
    await deleteTemplate(cloud.store, name);
    return { json: { deleted: name }, text: `Deleted template ${name}. Its devices stay, and cannot rotate with it.` };
  });
}

const jsonOf = ({ name, version, settings, createdAtMs, changedAtMs }: ProvisioningTemplate) => ({
  name,
  version,
  settings,
  createdAt: new Date(createdAtMs).toISOString(),
  changedAt: new Date(changedAtMs).toISOString(),
});

function describeSettings(settings: TemplateSettings): string {
  const { enabled, hook, allowListParameter, rotation, replaceThings, certificateDays } = settings;
  return [
    enabled ? 'enabled' : 'DISABLED',
    `certificates of ${certificateDays} days`,
    rotation ? 'devices may rotate' : 'no rotation',
    ...(hook === undefined ? [] : [`hook ${hook}`]),
    ...(allowListParameter === undefined ? [] : [`allow-list by ${allowListParameter}`]),
    ...(replaceThings ? ['claims may replace things'] : []),
  ].join(', ');
}
