/** A process that updates one execution for ever, and says each version once its write has settled. For kill -9. */
import { executionOfThing, replaceExecution } from '../../cloud/store/executions.ts';
import { openStore } from '../../cloud/store/store.ts';

const [path = ''] = process.argv.slice(2);
const store = await openStore(path);
for (;;) {
  const current = await executionOfThing(store, { jobId: 'job-1', thing: 'dev' });
  if (!current) throw new Error('no job');
  const next = { ...current, status: 'IN_PROGRESS' as const, versionNumber: current.versionNumber + 1 };
  if (await replaceExecution(store, current, next)) process.stdout.write(`${next.versionNumber}\n`);
}
