import { join } from 'node:path';

import type { MetricsSnapshot } from '@statewire/nest';
import type { Position } from '@statewire/protocol';

import { remote } from '../remote.js';
import { ServerProcess, type ServerProcessOptions } from '../server-process.js';
import type { Holdings } from './holdings.js';
import type { BusyControl, BusyOptions, Load } from './main.js';

const MAIN = join(import.meta.dirname, 'main.ts');

/** A server process with many changing topics. */
export class BusyProcess {
  readonly #control;

  private constructor(
    readonly process: ServerProcess,
    readonly origin: string,
  ) {
    this.#control = remote<BusyControl>(process);
  }

  static async start(options: BusyOptions, { env, ...rest }: ServerProcessOptions = {}): Promise<BusyProcess> {
    const process = new ServerProcess(MAIN, {
      ...rest,
      env: { ...env, BUSY_OPTIONS: JSON.stringify(options) },
    });
    return new BusyProcess(process, await process.origin());
  }

  get port(): number {
    return Number(new URL(this.origin).port);
  }

  /** Stops all publications. Resolves with the position of each topic. */
  async stopPublishing(): Promise<ReadonlyMap<string, Position>> {
    return new Map(await this.#control.stopPublishing());
  }

  /** Publishes again. */
  startPublishing(): Promise<void> {
    return this.#control.startPublishing();
  }

  load(): Promise<Load> {
    return this.#control.load();
  }

  /** Ends the work that waits. */
  release(): Promise<void> {
    return this.#control.release();
  }

  /** Ends the work that waits as soon as no more than this number of connections is left. */
  releaseAt(connections: number): Promise<void> {
    return this.#control.releaseAt(connections);
  }

  holdings(): Promise<Holdings> {
    return this.#control.holdings();
  }

  /** The number of objects in use on its heap. */
  objects(): Promise<number> {
    return this.#control.objects();
  }

  metrics(): Promise<MetricsSnapshot> {
    return this.#control.metrics();
  }

  /** Status of the readiness check; undefined without an answer. */
  async ready(): Promise<number | undefined> {
    return fetch(`${this.origin}/ready`).then(
      ({ status }) => status,
      () => undefined,
    );
  }
}
