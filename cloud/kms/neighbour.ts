/** Another AWS service that the same server answers for: AWS JSON 1.1 too, known by the prefix of its targets. */
import type { JsonObject } from './kms.ts';
import type { Members } from './members.ts';

export interface Neighbour {
  /** Of the target header, with its dot: `AmazonSSM.` */
  readonly targetPrefix: string;
  /** In the scope of a signature (SigV4): `ssm`. */
  readonly signingName: string;
  readonly operations: ReadonlyMap<string, (members: Members) => JsonObject | Promise<JsonObject>>;
}
