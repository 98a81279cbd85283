import { BrokerError, type Environment, type Timer } from '@statewire/nest';
import type { Position } from '@statewire/protocol';

import type { BrokerLink } from './broker-link.js';
import type { Session } from './session.js';

/** Milliseconds for which a call waits for its answer. */
const CALL_TIMEOUT_MS = 5_000;

/** Characters of the values that wait while the server is out of reach. */
const MAX_WAITING_CHARACTERS = 16_777_216;

export interface CallOptions {
  /** Milliseconds until the call is rejected as `unavailable`. 0: no limit. Default 5 s. */
  readonly timeoutMs?: number;
  /** Characters of the value that the call carries. */
  readonly size?: number;
  /** Publications to one topic. */
  readonly topic?: string;
  /** A later call with the same topic and the same group replaces this one while both wait. */
  readonly conflation?: string;
  /** Whether the server recognizes the call by itself. Otherwise it answers a second copy as it answered the first. */
  readonly isRecognized?: boolean;
  /** Runs as soon as the result is here, before the next message of the server. */
  readonly onResult?: () => void;
}

interface Call {
  readonly number: number;
  readonly run: (session: Session) => Promise<unknown>;
  readonly options: CallOptions;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  deadline?: Timer;
}

/** The calls of a node that the server has not answered. Sends them again, in order, on each new connection. */
export class PendingCalls {
  private readonly calls = new Map<number, Call>();
  /** The newest waiting publication of each topic. */
  private readonly newest = new Map<string, Call>();
  private lastNumber = 0;
  private characters = 0;
  private isUp = true;
  /** A private name: a walk over the objects of this process does not reach the server. */
  readonly #session: Session;

  constructor(
    private readonly environment: Pick<Environment, 'setTimer'>,
    private readonly link: BrokerLink,
    session: Session,
    /** Number of calls that wait while the server is out of reach. */
    private readonly maxWaiting: number,
  ) {
    this.#session = session;
  }

  call<T>(run: (session: Session) => Promise<T>, options: CallOptions = {}): Promise<T> {
    const { size = 0, timeoutMs = CALL_TIMEOUT_MS } = options;
    return new Promise<T>((resolve, reject) => {
      const number = ++this.lastNumber;
      const call: Call = { number, run, options, resolve: resolve as Call['resolve'], reject };
      this.conflate(call);
      if (!this.isUp && (this.calls.size >= this.maxWaiting || this.characters + size > MAX_WAITING_CHARACTERS)) {
        reject(unavailableError('Too much waits for the server of the broker.'));
        return;
      }
      this.calls.set(number, call);
      this.characters += size;
      if (timeoutMs > 0) {
        call.deadline = this.environment.setTimer(() => {
          this.drop(call);
          reject(unavailableError(`The server of the broker did not answer within ${timeoutMs} ms.`));
        }, timeoutMs);
      }
      if (this.isUp) this.send(call);
    });
  }

  /** The connection was lost. Calls wait. */
  pause(): void {
    this.isUp = false;
  }

  /** Sends the calls of a node that ends. */
  restart(): void {
    this.isUp = true;
  }

  /** Sends all calls on a new connection. */
  resume(): void {
    this.isUp = true;
    this.newest.clear();
    for (const call of [...this.calls.values()]) this.send(call);
  }

  /** Rejects all calls. With undefined they stay without an answer, as in a process that has ended. */
  end(error: BrokerError | undefined): void {
    this.isUp = false;
    for (const call of [...this.calls.values()]) {
      this.drop(call);
      if (error !== undefined) call.reject(error);
    }
  }

  /** Replaces the waiting publication before it, if nobody needs that one any more. */
  private conflate(call: Call): void {
    const { topic, conflation } = call.options;
    if (this.isUp || topic === undefined) return;
    const before = this.newest.get(topic);
    this.newest.set(topic, call);
    if (conflation === undefined || before?.options.conflation !== conflation || !this.calls.has(before.number)) return;
    this.drop(before);
    const { resolve, reject } = call;
    Object.assign(call, {
      resolve: (result: Position) => {
        before.resolve(result);
        resolve(result);
      },
      reject: (error: unknown) => {
        before.reject(error);
        reject(error);
      },
    });
  }

  private send(call: Call): void {
    const { number, run, options } = call;
    const [oldest = number] = this.calls.keys();
    this.link.sendUp(() => {
      this.#session.run(options.isRecognized ? undefined : number, oldest, run, (outcome) =>
        this.settle(call, outcome),
      );
    });
  }

  private settle(call: Call, outcome: PromiseSettledResult<unknown>): void {
    if (!this.drop(call)) return;
    if (outcome.status === 'rejected') return call.reject(outcome.reason);
    call.options.onResult?.();
    call.resolve(outcome.value);
  }

  /** @returns whether the call was pending. */
  private drop(call: Call): boolean {
    call.deadline?.cancel();
    if (!this.calls.delete(call.number)) return false;
    this.characters -= call.options.size ?? 0;
    return true;
  }
}

function unavailableError(message: string): BrokerError {
  return new BrokerError('unavailable', message);
}
