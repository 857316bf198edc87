/** What the cores of the cloud side need of the world. Adapters beside them supply it; tests hand in their own. */

/** Milliseconds since 1970. */
export type Clock = () => number;

/** Structured logging, of which pino is one. `fields` may hold ids and codes; never keys, never payloads. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export type Qos = 0 | 1;

/** What arrives on a filter. A promise holds back the sender, where the bus can, until it is settled. */
export type BusHandler = (topic: string, payload: Uint8Array) => void | Promise<void>;

/**
 * MQTT as a service sees it: privileged, so every topic may be heard and said. The embedded broker offers one in
 * process; for any other broker there is cloud/broker/mqtt-bus.ts. Both pass test/contract/bus.ts.
 */
export interface Bus {
  /** Settles when the broker has taken the subscription. Delivery is at least once. */
  subscribe(filter: string, handler: BusHandler): Promise<void>;

  /**
   * Settles when the message is on its way: that is the back-pressure. A subscriber gets it with the lower of `qos`
   * and that of its subscription.
   */
  publish(topic: string, payload: Uint8Array, options: { readonly qos: Qos }): Promise<void>;
}

/** What a connected device asks on a topic that names no thing, with who it is. */
export interface DeviceRequest {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** Not proven, unless the certificate says so. */
  readonly clientId: string;
  /** Of the certificate that it connected with; undefined where it came without. */
  readonly certificateId: string | undefined;
  /** To this connection and to nobody else, whatever is subscribed to `topic`; nothing where it has gone. */
  reply(topic: string, payload: Uint8Array): Promise<void>;
}

/**
 * Requests whose answers hold secrets, which a broker that delivers by subscription would show to everybody. The
 * embedded broker offers this beside its bus; an MQTT connection to another broker cannot.
 */
export interface RequestBus {
  onRequest(filter: string, handler: (request: DeviceRequest) => void | Promise<void>): void;
}
