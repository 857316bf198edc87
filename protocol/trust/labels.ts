/** The integers of a trust root (root.ts has its CDDL). */
export const ROOT_FORMAT = 1;

export const ROOT_LABEL = {
  format: 1,
  version: 2,
  hash: 3,
  issued: 4,
  expires: 5,
  roles: 6,
  lineage: 7,
  previous: 8,
  floors: 9,
  revoked: 10,
  profile: 11,
} as const;

export const REASONS = { retired: 1, compromised: 2 } as const;

export const PROFILES = { 'cnsa-2.0': 1 } as const;
