/** A connection of aws-iot-device-sdk-v2 in a process of its own (aws-sdk-child.ts), which ends with it. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { SdkConnection, SdkEvent, SdkListener, SdkOptions, SdkRequest } from './aws-sdk-connection.ts';

const CLOSE_TIMEOUT_MS = 2_000;

const CHILD = join(import.meta.dirname, 'aws-sdk-child.ts');

type Wish =
  Extract<SdkRequest, { readonly id: number }> extends infer T ? (T extends unknown ? Omit<T, 'id'> : never) : never;

/** When the process is ready: how long that takes is no part of any time-out of MQTT. @throws {Error} where it ends at once */
export async function openSdkProcess(options: SdkOptions, { onMessage, onLost }: SdkListener): Promise<SdkConnection> {
  // Messages are bytes: not by way of JSON.
  const child = fork(CHILD, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const ready = Promise.withResolvers<void>();
  const waiting = new Map<number, (failure: string | undefined) => void>();
  let asked = 0;
  const send = (request: SdkRequest): void => {
    if (child.connected) child.send(request, () => {});
  };
  const ask = (wish: Wish): Promise<void> => {
    const id = ++asked;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    waiting.set(id, (failure) => (failure === undefined ? resolve() : reject(new Error(failure))));
    send({ ...wish, id });
    return promise;
  };
  child.on('message', (event: SdkEvent) => {
    switch (event.is) {
      case 'ready':
        return ready.resolve();
      case 'answer':
        waiting.get(event.id)?.(event.failure);
        return waiting.delete(event.id);
      case 'message': {
        const { message, delivery } = event;
        return onMessage(message, delivery === undefined ? undefined : () => send({ ask: 'acknowledge', delivery }));
      }
      case 'lost':
        return onLost(event.why);
    }
  });
  child.on('exit', (code) => {
    const why = `the process of the AWS IoT Device SDK ended with ${code}`;
    onLost(why);
    for (const settle of waiting.values()) settle(why);
    ready.reject(new Error(why));
  });
  await ready.promise;
  return {
    connect: () => ask({ ask: 'connect', options }),
    subscribe: (filters, qos) => ask({ ask: 'subscribe', filters, qos }),
    publish: async (message, qos) => send({ ask: 'publish', message, qos }),
    close: async () => {
      // It may not answer, as the library does not while it connects.
      const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
      await ask({ ask: 'close' }).catch(() => {});
      clearTimeout(timer);
      await end(child);
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
