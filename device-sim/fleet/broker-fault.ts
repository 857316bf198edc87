/** The broker's death during a campaign: SIGKILL at its time, and a start on the same port and data a while later. */
import type { FaultEvent, FleetSettings } from './result.ts';
import type { Service } from './service.ts';

export class BrokerFault {
  readonly events: FaultEvent[] = [];
  readonly #killAtSeconds: number;
  readonly #downSeconds: number;
  readonly #broker: Service | undefined;
  readonly #onEvent: (event: FaultEvent) => void;
  #step: Promise<void> = Promise.resolve();
  #state: 'waiting' | 'killing' | 'down' | 'starting' | 'back' = 'waiting';
  #downSinceSeconds = 0;

  constructor(
    { killBrokerAtSeconds, brokerDownSeconds }: FleetSettings,
    { broker, onEvent }: { readonly broker: Service | undefined; readonly onEvent: (event: FaultEvent) => void },
  ) {
    this.#killAtSeconds = killBrokerAtSeconds ?? Number.POSITIVE_INFINITY;
    this.#downSeconds = brokerDownSeconds ?? 0;
    this.#broker = broker;
    this.#onEvent = onEvent;
  }

  /**
   * Called again and again as time goes by.
   *
   * @param sinceCampaign seconds, where devices were connected before it
   */
  at(seconds: number, sinceCampaign: number = seconds): void {
    const broker = this.#broker;
    if (!broker) return;
    if (this.#state === 'waiting' && sinceCampaign >= this.#killAtSeconds) {
      this.#state = 'killing';
      this.#step = this.#play('down', { atSeconds: seconds, work: broker.kill(), fault: 'broker-killed' });
      this.#downSinceSeconds = seconds;
    } else if (this.#state === 'down' && seconds >= this.#downSinceSeconds + this.#downSeconds) {
      this.#state = 'starting';
      this.#step = this.#play('back', { atSeconds: seconds, work: broker.start(), fault: 'broker-back' });
    }
  }

  /** Once no step is under way: one that has failed is told by the broker's own death. */
  async settle(): Promise<void> {
    await this.#step;
  }

  async #play(
    next: 'down' | 'back',
    {
      atSeconds,
      work,
      fault,
    }: { readonly atSeconds: number; readonly work: Promise<void>; readonly fault: FaultEvent['fault'] },
  ): Promise<void> {
    await work.catch(() => undefined);
    this.#state = next;
    const event: FaultEvent = { atSeconds, fault, detail: DETAILS[fault] };
    this.events.push(event);
    this.#onEvent(event);
  }
}

const DETAILS: Readonly<Record<FaultEvent['fault'], string>> = {
  'broker-killed': 'SIGKILL',
  'broker-back': 'started again on the same port, with what it has on disk',
};
