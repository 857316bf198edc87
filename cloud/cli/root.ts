/** `bristlecone root`: the document that says whose signatures count, from its draft to its devices. */
import type { Command } from 'commander';
import { registerDrafts } from './roots/drafts.ts';
import { registerFinalize, registerVerifyCeremony } from './roots/finalize.ts';
import { registerKeygen } from './roots/keygen.ts';
import { registerList, registerPublish } from './roots/publish.ts';
import { registerRehearse } from './roots/rehearse.ts';
import { registerDiff, registerShow, registerVerify } from './roots/show.ts';
import { registerSign } from './roots/sign.ts';
import { ROOT_TOOLS, type RootTools } from './roots/tools.ts';

/** @param tools for tests: no command line reaches them */
export function registerRootCommands(program: Command, tools: RootTools = ROOT_TOOLS): void {
  const root = program
    .command('root')
    .description('trust roots: whose signatures devices believe, and how that changes');
  registerKeygen(root, tools);
  registerDrafts(root, tools);
  registerSign(root, tools);
  registerFinalize(root);
  registerShow(root, tools);
  registerDiff(root);
  registerVerify(root);
  registerVerifyCeremony(root);
  registerRehearse(root, tools);
  registerPublish(root, tools);
  registerList(root);
}
