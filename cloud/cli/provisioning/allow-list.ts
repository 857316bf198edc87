/** `bristlecone provisioning allow-list`: who of all that hold a claim may register. */
import type { Command } from 'commander';
import { run, subcommand, UsageError } from '../../../command-line.ts';
import { MAX_PARAMETER_VALUE_BYTES } from '../../../protocol/aws-iot/provisioning.ts';
import type { ProvisioningTemplate } from '../../provisioning/settings.ts';
import { allowedValues, allowValues, disallowValues, expectTemplate } from '../../store/provisioning-templates.ts';
import { readInput } from '../files.ts';
import { type DataOptions, withDataOption } from '../kms-option.ts';
import { openCloudFiles } from '../open-cloud.ts';

interface ListOptions extends DataOptions {
  readonly template: string;
  readonly file?: string;
  readonly value?: readonly string[];
}

/** bytes. A million serial numbers. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

export function registerAllowListCommands(parent: Command): void {
  const list = parent.command('allow-list').description('who of all that hold a claim may register');
  registerChange(list, 'add');
  registerChange(list, 'remove');
  registerShow(list);
}

const CHANGES = {
  add: {
    summary: 'let these register: one value a line, or as options',
    examples: [
      'provisioning allow-list add --template hubs --file serials.txt',
      'provisioning allow-list add --template hubs --value hub-1 hub-2',
    ],
    change: allowValues,
    done: 'Added',
  },
  remove: {
    summary: 'let these register no longer; whoever is registered stays',
    examples: ['provisioning allow-list remove --template hubs --value hub-2'],
    change: disallowValues,
    done: 'Removed',
  },
} as const;

function registerChange(parent: Command, name: keyof typeof CHANGES): void {
  const { summary, examples, change, done } = CHANGES[name];
  const command = withDataOption(subcommand(parent, { name, summary, examples }))
    .requiredOption('--template <name>', 'whose list')
    .option('--file <file>', 'one value a line, - for standard input')
    .option('--value <value...>', 'values');
  run<ListOptions>(command, async ({ options }) => {
    const values = valuesOf(options);
    await using cloud = await openCloudFiles(options.data);
    const template = await expectTemplate(cloud.store, options.template);
    const changed = await change(cloud.store, template.name, values);
    return {
      json: { template: template.name, given: values.length, changed },
      text: `${done} ${changed} of ${values.length} values.${hint(template)}`,
    };
  });
}

/** A list that nobody looks at lets everybody in. */
const hint = ({ name, settings }: ProvisioningTemplate): string =>
  settings.allowListParameter === undefined
    ? `\nTemplate ${name} goes by no list yet: put it again with --allow-list-by PARAMETER.`
    : '';

function valuesOf({ file, value = [] }: ListOptions): readonly string[] {
  const lines = file === undefined ? [] : new TextDecoder().decode(readInput(file, MAX_FILE_BYTES)).split(/\r?\n/);
  const values = [...new Set([...lines, ...value].map((it) => it.trim()))].filter((it) => it !== '');
  if (values.length === 0) throw new UsageError('expected values: --file FILE or --value VALUE…');
  const long = values.findIndex((it) => it.length > MAX_PARAMETER_VALUE_BYTES);
  if (long < 0) return values;
  throw new UsageError(`value ${long + 1} is longer than a parameter may be (${MAX_PARAMETER_VALUE_BYTES})`);
}

function registerShow(parent: Command): void {
  const command = withDataOption(
    subcommand(parent, {
      name: 'show',
      summary: 'the list of a template',
      examples: ['provisioning allow-list show --template hubs'],
    }),
  ).requiredOption('--template <name>', 'whose list');
  run<ListOptions>(command, async ({ options }) => {
    await using cloud = await openCloudFiles(options.data);
    const template = await expectTemplate(cloud.store, options.template);
    const values = await allowedValues(cloud.store, template.name);
    const by = template.settings.allowListParameter ?? null;
    return { json: { template: template.name, by, values }, text: `${values.join('\n')}${hint(template)}` };
  });
}
