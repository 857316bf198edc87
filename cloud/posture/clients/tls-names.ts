/** Numbers of TLS by their names. Source: IANA "TLS Supported Groups" and "TLS SignatureScheme", RFC 10024, draft-ietf-tls-mldsa. */

// oxfmt-ignore
const GROUPS: ReadonlyMap<number, string> = new Map([
  [0x0017, 'P-256'], [0x0018, 'P-384'], [0x0019, 'P-521'], [0x001d, 'X25519'], [0x001e, 'X448'],
  [0x001f, 'brainpoolP256r1tls13'], [0x0020, 'brainpoolP384r1tls13'], [0x0021, 'brainpoolP512r1tls13'],
  [0x0100, 'ffdhe2048'], [0x0101, 'ffdhe3072'], [0x0102, 'ffdhe4096'], [0x0103, 'ffdhe6144'], [0x0104, 'ffdhe8192'],
  [0x0200, 'MLKEM512'], [0x0201, 'MLKEM768'], [0x0202, 'MLKEM1024'],
  [0x11eb, 'SecP256r1MLKEM768'], [0x11ec, 'X25519MLKEM768'], [0x11ed, 'SecP384r1MLKEM1024'],
  [0x6399, 'X25519Kyber768Draft00'],
]);

// oxfmt-ignore
const SIGNATURES: ReadonlyMap<number, string> = new Map([
  [0x0201, 'rsa_pkcs1_sha1'], [0x0203, 'ecdsa_sha1'], [0x0401, 'rsa_pkcs1_sha256'], [0x0501, 'rsa_pkcs1_sha384'], [0x0601, 'rsa_pkcs1_sha512'],
  [0x0403, 'ecdsa_secp256r1_sha256'], [0x0503, 'ecdsa_secp384r1_sha384'], [0x0603, 'ecdsa_secp521r1_sha512'],
  [0x0804, 'rsa_pss_rsae_sha256'], [0x0805, 'rsa_pss_rsae_sha384'], [0x0806, 'rsa_pss_rsae_sha512'],
  [0x0809, 'rsa_pss_pss_sha256'], [0x080a, 'rsa_pss_pss_sha384'], [0x080b, 'rsa_pss_pss_sha512'],
  [0x0807, 'ed25519'], [0x0808, 'ed448'], [0x0904, 'mldsa44'], [0x0905, 'mldsa65'], [0x0906, 'mldsa87'],
]);

const hex = (number: number): string => `0x${number.toString(16).padStart(4, '0')}`;

export const groupName = (group: number): string => GROUPS.get(group) ?? hex(group);

export const signatureName = (scheme: number): string => SIGNATURES.get(scheme) ?? hex(scheme);
