/** How the flash of a device is divided, as far as a manifest must fit it, and what each division calls its components. */
import type { ComponentId } from './component-id.ts';

/** How an image gets from where it is received to where it is started. */
export type LayoutKind =
  /** Two slots, and either is started: nothing is copied. */
  | 'a/b'
  /** Only slot 0 is started; slot 1 is where the new image waits, and the boot loader swaps the two. */
  | 'swap'
  /** As `swap`, with slot 1 and all that is downloaded in the part outside. */
  | 'external';

export const LAYOUT_KINDS: readonly LayoutKind[] = ['a/b', 'swap', 'external'];

/** What runs, and after a swap what will run. */
export const PRIMARY: ComponentId = [Uint8Array.of(0)];
/** Where a new image waits, wherever the device has that. */
export const STAGING: ComponentId = [Uint8Array.of(1)];
/** The same, of a device with that outside its chip (draft-ietf-suit-manifest-37, example 4). */
export const EXTERNAL: ComponentId = [Uint8Array.of(2)];

/** All that a manifest may name on a device that is divided in this way. */
export const COMPONENTS_OF: Readonly<Record<LayoutKind, readonly ComponentId[]>> = {
  'a/b': [PRIMARY, STAGING],
  swap: [PRIMARY, STAGING],
  external: [PRIMARY, STAGING, EXTERNAL],
};
