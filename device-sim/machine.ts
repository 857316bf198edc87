/**
 * A board with power: it boots, runs its agent, reboots when the agent says so, and boots again, until a job is done. Of
 * the world it has only what it is given, so it runs in virtual time as well as over real sockets.
 */
import { type AgentResult, runAgent } from './agent/agent.ts';
import { type BoardParts, boardParts } from './hardware/board-parts.ts';
import { startBoard } from './hardware/boot-loader.ts';
import { readIdentity } from './hardware/factory-data.ts';
import type { Flash } from './hardware/flash.ts';
import { type AgentPorts, type Identity, Reboot, Unavailable } from './ports.ts';
import { type Board, layoutsOf } from './profiles/boards.ts';
import { decodeCredentials } from './provisioning/credentials.ts';

type World = Pick<
  AgentPorts,
  'settings' | 'connect' | 'verify' | 'clock' | 'random' | 'ram' | 'isHealthy' | 'observe'
> &
  // A board without a clock that could be believed.
  Partial<Pick<AgentPorts, 'nowSeconds' | 'createDigest' | 'crc32' | 'decodeTrust' | 'keepRelease'>>;

export interface Machine extends World {
  readonly board: Board;
  readonly flash: Flash;
}

/** Reboots of one job: an update needs 1, or 2 where it is rolled back; each power cut during a trial adds one. */
const MAX_BOOTS = 16;

/** `offline`: the cloud could not be reached, or stopped answering. */
export type MachineResult = { readonly boots: number } & (
  | AgentResult
  | { readonly kind: 'offline'; readonly detail: string }
);

/** @throws {BootFailure} where no image is intact */
export async function runMachine(machine: Machine): Promise<MachineResult> {
  for (let boots = 1; boots <= MAX_BOOTS; boots++) {
    try {
      return { ...(await runAgent(bootPorts(machine))), boots };
    } catch (error) {
      if (error instanceof Unavailable) return { kind: 'offline', detail: error.message, boots };
      if (!(error instanceof Reboot)) throw error;
    }
  }
  throw new Error(`machine: no end after ${MAX_BOOTS} boots`);
}

/** One boot: the boot loader runs, and starts an agent. */
export function bootPorts(machine: Machine): AgentPorts {
  const { flash, board, ...world } = machine;
  const { boot, factory, ...parts } = boardParts(flash, board);
  return {
    ...world,
    ...parts,
    identity: identityIn({ boot, factory, ...parts }),
    boot: startBoard(boot, world),
    layout: layoutsOf(board)[0],
    slots: boot.slots,
    nowSeconds: world.nowSeconds ?? (() => undefined),
    reboot: () => {
      throw new Reboot('reboot');
    },
  };
}

/** Provisioning may have given the device another name than its factory. */
function identityIn(parts: BoardParts): Identity {
  const { operational } = decodeCredentials(parts.credentials.operational.read());
  return { ...readIdentity(parts), ...(operational && { thing: operational.thing }) };
}
