import { utf8 } from '../../protocol/bytes.ts';

/** The bytes of a JSON text, of anything at all. */
export const json = (value: unknown): Uint8Array => utf8(JSON.stringify(value));
