/** Run by itself: `version`, or a port to which the AWS SDK for JavaScript connects. */
import { createKmsClient } from '../../signing/kms-client.ts';
import { listKeys } from '../../signing/keys.ts';

const [, , wish = ''] = process.argv;
const client = createKmsClient({ endpoint: `https://127.0.0.1:${wish === 'version' ? 1 : wish}` });
if (wish === 'version') {
  const userAgent = await client.config.defaultUserAgentProvider();
  process.stdout.write(`${userAgent.map((part) => part.join('/')).join(' ')}\n`);
} else await listKeys(client).catch(() => undefined);
