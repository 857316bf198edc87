/** `bristlecone provisioning`: who may become a device of this cloud, and who is one. Works while `up` runs. */
import type { Command } from 'commander';
import { registerAllowListCommands } from './provisioning/allow-list.ts';
import { registerAuthorityCommands } from './provisioning/ca.ts';
import { registerCertificateCommands } from './provisioning/certificates.ts';
import { registerClaimCommands } from './provisioning/claim.ts';
import { registerTemplateCommands } from './provisioning/template.ts';

export function registerProvisioningCommands(program: Command): void {
  const provisioning = program
    .command('provisioning')
    .description('templates, claims and manufacturer CAs by which devices come by their certificates, and revocation');
  registerTemplateCommands(provisioning);
  registerClaimCommands(provisioning);
  registerAuthorityCommands(provisioning);
  registerAllowListCommands(provisioning);
  registerCertificateCommands(provisioning);
}
