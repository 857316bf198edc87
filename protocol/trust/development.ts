/** How a trust root says that it was made for trying out: its keys were in nobody's safe. Devices do not act on it. */
import type { CborValue } from '../cbor/value.ts';
import type { TrustRoot } from './root.ts';

const LABEL = -1;

/** Extensions of a root that was made without a ceremony. */
export const DEVELOPMENT: ReadonlyMap<number, CborValue> = new Map([[LABEL, 'development']]);

export const isDevelopmentRoot = ({ extensions }: TrustRoot): boolean =>
  extensions.get(LABEL) === DEVELOPMENT.get(LABEL);
