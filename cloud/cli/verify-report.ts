/** What `bristlecone verify` says of what it verified. */
import type { CommandResult } from '../../command-line.ts';
import { toHex } from '../../protocol/bytes.ts';
import { type Purpose, signatureName, type TrustedChain } from '../formats/chain.ts';
import type { Format } from '../formats/unsigned.ts';
import type { Verified } from '../formats/verify-claim.ts';
import type { VerifiedCsr } from '../formats/x509.ts';

/** What was found, and by what. */
export interface Outcome {
  readonly verified: Verified;
  readonly chain?: TrustedChain;
  readonly how: string;
}

export function describeRequest({ subject, key }: VerifiedCsr): CommandResult {
  const json = { verified: true, format: 'csr', subject, ...keyFacts({ signer: key }) };
  const text = `Verified: whoever asks for "${subject}" holds the ${describeKey(key)}. Who that is, it does not say.`;
  return { json, text };
}

const describeKey = ({ algorithm, keyId }: Verified['signer']): string =>
  `${algorithm.name} key ${toHex(keyId).slice(0, 16)}…`;

const keyFacts = ({ signer }: { readonly signer: Verified['signer'] }) => ({
  algorithm: signer.algorithm.name,
  keyId: toHex(signer.keyId),
});

const pathFacts = ({ path }: TrustedChain) =>
  path.map((it) => ({
    subject: it.subject,
    signedWith: signatureName(it),
    notAfter: new Date(it.notAfterMs).toISOString(),
  }));

const pathLines = (chain: TrustedChain): string[] =>
  pathFacts(chain).map((it) => `  ${it.subject}, signed with ${it.signedWith}, until ${it.notAfter}`);

export function describeChain(chain: TrustedChain & { readonly purpose: Purpose }): CommandResult {
  const may = chain.purpose === 'ca' ? 'may sign certificates' : 'may sign code';
  const json = {
    verified: true,
    format: 'certificate',
    purpose: chain.purpose,
    ...keyFacts(chain),
    chain: pathFacts(chain),
  };
  return { json, text: [`Verified: the ${describeKey(chain.signer)} ${may}.`, ...pathLines(chain)].join('\n') };
}

export function describeDocument(
  format: Format,
  { verified, chain, how }: Outcome,
  { via, out }: { readonly via: string; readonly out?: string },
): CommandResult {
  const contentBytes = verified.content.length;
  const json = {
    verified: true,
    format,
    ...keyFacts(verified),
    contentBytes,
    via,
    ...(chain && { chain: pathFacts(chain) }),
    ...('claims' in verified && { claims: verified.claims }),
    ...(out !== undefined && { file: out }),
  };
  const lines = [
    `Verified: ${format}, ${contentBytes} bytes, signed by ${describeKey(verified.signer)}`,
    ...(chain ? pathLines(chain) : []),
    ...('claims' in verified ? [JSON.stringify(verified.claims, undefined, 2)] : []),
    how,
    ...(out === undefined ? [] : [`Wrote the content to ${out}`]),
  ];
  return { json, text: lines.join('\n') };
}
