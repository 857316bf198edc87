/** One case, told line by line: states, flash operations, messages and faults, in the order in which they happen. */
import type { AgentEvent, FlashArea } from '../ports.ts';
import type { FaultCase } from './fault.ts';
import type { Tap } from './fault-world.ts';
import { type CaseResult, runCase } from './run-case.ts';

export interface CaseTrace {
  readonly lines: readonly string[];
  readonly result: CaseResult;
}

export async function traceCase(faultCase: FaultCase): Promise<CaseTrace> {
  const lines: string[] = [];
  const counts = { flash: 0, up: 0, down: 0 };
  let powerOns = 0;
  const tap: Tap = {
    atPowerOn: () => void lines.push(`power on ${++powerOns}`),
    event: (event) => void lines.push(...describeEvent(event).map((line) => `  ${line}`)),
    fault: ({ place, at, how }) => void lines.push(`  !! ${place} ${at}: ${how}`),
    message: (direction, { topic, payload }) =>
      void lines.push(
        `    ${direction} ${counts[direction]++}  ${topic.split('/').slice(3).join('/')}  ${payload.length} bytes`,
      ),
    area: (area, name) =>
      watched(area, (what) => {
        lines.push(`    flash ${counts.flash}  ${name}: ${what}`);
        // An operation that the power did not last for is not counted, and made again under its number.
        return () => void counts.flash++;
      }),
  };
  const result = await runCase(faultCase, tap);
  return { lines, result };
}

/** @param begin is told what is about to happen; what it returns is called where it did */
function watched(area: FlashArea, begin: (what: string) => () => void): FlashArea {
  return {
    areaBytes: area.areaBytes,
    sectorBytes: area.sectorBytes,
    writeBytes: area.writeBytes,
    read: (offset, target) => area.read(offset, target),
    write: (offset, bytes) => {
      const end = begin(`write ${bytes.length} bytes at ${offset}`);
      area.write(offset, bytes);
      end();
    },
    eraseSector: (sector) => {
      const end = begin(`erase sector ${sector}`);
      area.eraseSector(sector);
      end();
    },
  };
}

function describeEvent(event: AgentEvent): readonly string[] {
  switch (event.kind) {
    case 'state':
      return [`state ${event.state}`];
    case 'started':
      return [`started slot ${event.slot}`];
    case 'job':
      return [`job ${event.jobId}`];
    case 'root':
      return [`root ${event.version} accepted`];
    case 'connecting':
      return [`connecting, attempt ${event.attempt}`];
    case 'retry':
      return [`${event.what}: again in ${event.afterMs} ms`];
    case 'block-refused':
      return [`block refused: ${event.detail}`];
    case 'block-ignored':
      return [`block passed over: ${event.why}`];
    case 'boot':
    case 'block':
    case 'envelope':
      break;
  }
  // What follows shows in the flash operations.
  return [];
}
