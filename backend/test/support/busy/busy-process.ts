import type { Position } from '@statewire/protocol';

import { ServerProcess, type ServerProcessOptions } from '../server-process.js';
import type { Footprint } from './footprint.js';
import type { BusyOptions } from './main.js';

/** A server of many moving topics, as a process of its own. */
export class BusyProcess {
  private constructor(
    readonly process: ServerProcess,
    readonly origin: string,
  ) {}

  static async start(options: BusyOptions, { env, ...rest }: ServerProcessOptions = {}): Promise<BusyProcess> {
    const process = new ServerProcess('test/support/busy/main.ts', {
      ...rest,
      env: { ...env, BUSY_OPTIONS: JSON.stringify(options) },
    });
    return new BusyProcess(process, await process.origin());
  }

  get port(): number {
    return Number(new URL(this.origin).port);
  }

  /** Nothing moves any more; resolves with where each topic is. */
  async rest(): Promise<ReadonlyMap<string, Position>> {
    const response = await fetch(`${this.origin}/control/rest`, { method: 'POST' });
    return new Map(Object.entries((await response.json()) as Record<string, Position>));
  }

  load(): Promise<{ readonly connections: number; readonly working: number }> {
    return this.#get('load');
  }

  footprint(): Promise<Footprint> {
    return this.#get('footprint');
  }

  /** Status of the readiness check; undefined where nobody answers. */
  async ready(): Promise<number | undefined> {
    return fetch(`${this.origin}/control/ready`).then(
      ({ status }) => status,
      () => undefined,
    );
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(`${this.origin}/control/${path}`);
    return (await response.json()) as T;
  }
}
