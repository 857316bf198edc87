/** One request and its answer, asked again a few times where none comes. */
import { Rejection } from '../../protocol/errors.ts';
import { type Message, Unavailable } from '../ports.ts';
import type { LinkPorts, Session } from './link.ts';
import { retryDelayMs } from './retry.ts';

export interface Question<T> {
  /** For people: `start-next`. */
  readonly what: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  /** The answer in a message; undefined where it is not one. A message that is refused counts as none. */
  readonly read: (message: Message) => T | undefined;
}

/** @throws {Unavailable} where no answer comes */
export async function ask<T>(session: Session, question: Question<T>, ports: LinkPorts): Promise<T> {
  const { settings, clock, random, observe } = ports;
  for (let attempt = 1; ; attempt++) {
    session.publish(question.topic, question.payload);
    const answer = await session.receive(
      (message) => unlessRefused(() => question.read(message)),
      settings.answerTimeoutMs,
    );
    if (answer !== undefined) return answer;
    if (attempt >= settings.attempts) throw new Unavailable(`no answer to ${question.what}`);
    const afterMs = retryDelayMs(attempt, settings.backoffMs, random());
    observe({ kind: 'retry', what: question.what, afterMs });
    await clock.sleep(afterMs);
  }
}

/** Bytes that are no message of the service are passed over like any other that we did not wait for. */
export function unlessRefused<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Rejection) return undefined;
    throw error;
  }
}
