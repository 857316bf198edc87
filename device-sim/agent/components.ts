/**
 * What the components of a manifest are on this device: two slots of flash.
 *
 *     [h'00'] primary: what runs, and after a swap what will run        [h'01'] staging: the other slot
 *     [h'02'] external: the same as staging, where that is outside the chip; elsewhere there is none
 *
 * The running image is never written over. A manifest that names only the primary, as the examples of
 * draft-ietf-suit-manifest-37 do, and fetches into it, thereby gets the other slot as the primary.
 */
import { type ComponentId, equalComponentIds } from '../../protocol/suit/component-id.ts';
import { COMPONENTS_OF, type LayoutKind, PRIMARY } from '../../protocol/suit/layouts.ts';
import { otherSlot, type SlotNumber } from '../ports.ts';

export const hasComponent = (layout: LayoutKind, id: ComponentId): boolean =>
  COMPONENTS_OF[layout].some((ours) => equalComponentIds(ours, id));

export class SlotMap {
  readonly #running: SlotNumber;
  #primary: SlotNumber;

  constructor(running: SlotNumber) {
    this.#running = running;
    this.#primary = running;
  }

  /** Which slot will run, as things stand. */
  get primary(): SlotNumber {
    return this.#primary;
  }

  /** Where a new image goes. */
  get spare(): SlotNumber {
    return otherSlot(this.#running);
  }

  slotOf(id: ComponentId): SlotNumber {
    return isPrimary(id) ? this.#primary : otherSlot(this.#primary);
  }

  /** Where to write the content of a component: never the slot that runs. */
  slotToWrite(id: ComponentId): SlotNumber {
    if (isPrimary(id)) this.#primary = this.spare;
    return this.slotOf(id);
  }

  swap(): void {
    this.#primary = otherSlot(this.#primary);
  }
}

const isPrimary = (id: ComponentId): boolean => equalComponentIds(id, PRIMARY);
