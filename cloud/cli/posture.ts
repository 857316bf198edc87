/** `bristlecone posture`: how far an account, its endpoints and its clients are from post-quantum cryptography. */
import type { Command } from 'commander';
import { registerAudit } from './posture/audit.ts';
import { registerClients } from './posture/clients.ts';
import { registerHandshakes } from './posture/handshakes.ts';
import { registerInventory } from './posture/inventory.ts';
import { registerPolicy } from './posture/policy.ts';
import { registerTls } from './posture/tls.ts';

export function registerPostureCommands(program: Command): void {
  const posture = program
    .command('posture')
    .description('how far an account, its endpoints and its clients are from post-quantum cryptography');
  registerInventory(posture);
  registerClients(posture);
  registerAudit(posture);
  registerPolicy(posture);
  registerTls(posture);
  registerHandshakes(posture);
}
