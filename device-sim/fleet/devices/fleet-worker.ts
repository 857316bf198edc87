/** A worker as a process: it is told and tells what worker-protocol.ts says, over its IPC channel. */
import { FleetWorker } from './worker.ts';
import type { FromWorker, ToWorker, WorkerOrder } from './worker-protocol.ts';

// Devices make an error wherever a connection ends or a manifest's alternative does not apply, and nobody reads its stack.
Error.stackTraceLimit = 0;

let worker: FleetWorker | undefined;
/** What it was told before it could do it. */
let stopReason: string | undefined;

const tell = (message: FromWorker): void => void process.send?.(message);

const detailOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function prepare(order: WorkerOrder): void {
  try {
    worker = new FleetWorker(order);
    if (stopReason !== undefined) worker.stop(stopReason);
    tell({ kind: 'ready' });
  } catch (error) {
    tell({ kind: 'failed', detail: detailOf(error) });
  }
}

async function go(): Promise<void> {
  try {
    const result = await worker?.run((progress) => tell({ kind: 'progress', progress }));
    if (result) tell({ kind: 'result', result });
  } catch (error) {
    tell({ kind: 'failed', detail: detailOf(error) });
  }
}

function hear(message: ToWorker): void {
  switch (message.kind) {
    case 'order':
      return prepare(message.order);
    case 'go':
      return void go();
    case 'campaign':
      return worker?.beginCampaign();
    case 'stop':
      stopReason = message.reason;
      worker?.stop(message.reason);
  }
}

process.on('message', hear);
// Whoever it works for is gone: nobody would ever hear of it.
process.on('disconnect', () => process.exit(1));
