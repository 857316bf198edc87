/** `bristlecone root`: the document that says whose signatures count, from its draft to its devices. */
import type { Command } from 'commander';
import { registerDrafts } from './root/drafts.ts';
import { registerFinalize, registerVerifyCeremony } from './root/finalize.ts';
import { registerKeygen } from './root/keygen.ts';
import { registerList, registerPublish } from './root/publish.ts';
import { registerRehearse } from './root/rehearse.ts';
import { registerDiff, registerShow, registerVerify } from './root/show.ts';
import { registerSign } from './root/sign.ts';
import { ROOT_TOOLS, type RootTools } from './root/tools.ts';

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
