import { BrokerError } from '../../core/broker.js';
import type { Environment } from '../../core/environment.js';
import { disposedError } from './errors.js';

interface OpenCall {
  readonly key: string;
  readonly send: () => void;
  readonly reject: (error: Error) => void;
}

/** Calls that are repeated while the server is out of reach, each for a limited time. */
export class PersistentCalls {
  private readonly open = new Set<OpenCall>();
  private isDisposed = false;

  constructor(
    private readonly server: { isUp(key: string): boolean },
    private readonly environment: Pick<Environment, 'setTimer'>,
  ) {}

  /** Number of calls under way. */
  get size(): number {
    return this.open.size;
  }

  /** Makes a call for a key, and repeats it. Rejects with `unavailable` if the server did not answer within `forMs`. */
  make<T>(key: string, forMs: number, call: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.isDisposed) return reject(disposedError());
      const end = (settle: () => void): void => {
        timer.cancel();
        this.open.delete(open);
        settle();
      };
      const send = (): void => {
        call().then(
          (reply) => end(() => resolve(reply)),
          (error: Error) => {
            // The next connection repeats the call.
            if (this.server.isUp(key) || this.isDisposed) open.reject(error);
          },
        );
      };
      const open: OpenCall = { key, send, reject: (error) => end(() => reject(error)) };
      const message = `The server of the broker was out of reach for ${forMs} ms, until the window of the claim ended.`;
      const timer = this.environment.setTimer(() => open.reject(new BrokerError('unavailable', message)), forMs);
      this.open.add(open);
      if (this.server.isUp(key)) send();
    });
  }

  /** Repeats the calls for the keys whose server is back. */
  repeat(isBack: (key: string) => boolean): void {
    for (const { key, send } of [...this.open]) if (isBack(key)) send();
  }

  /** Rejects all calls. */
  dispose(): void {
    this.isDisposed = true;
    for (const { reject } of [...this.open]) reject(disposedError());
  }
}
