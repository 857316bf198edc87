/** An SDK client of a real embedded KMS that gets one answer of our choice to some operations. */
import { type KMSClient, KMSServiceException } from '@aws-sdk/client-kms';
import { clientFor } from './embedded-kms.ts';

/** @param refuse names of operations, as in `UpdateAlias`, and the error type that each is answered with */
export function refusingClient(url: string, refuse: Readonly<Record<string, string>>): KMSClient {
  const client = clientFor(url);
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const name = refuse[(context.commandName ?? '').replace(/Command$/, '')];
      if (name === undefined) return next(args);
      throw new KMSServiceException({ name, $fault: 'client', message: `refused by the test`, $metadata: {} });
    },
    { step: 'initialize' },
  );
  return client;
}
