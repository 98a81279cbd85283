import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import type { Position } from '@statewire/protocol';

import { fieldAt, type Field } from './busy/contract.js';
import { ServerProcess, type ServerProcessOptions } from './server-process.js';

const MAIN = join(import.meta.dirname, 'client-main.ts');

/** A client in its own process that follows the field `0`. */
export class ClientProcess {
  readonly process: ServerProcess;

  constructor(origin: string, { env, ...rest }: ServerProcessOptions = {}) {
    this.process = new ServerProcess(MAIN, { ...rest, env: { ...env, ORIGIN: origin } });
  }

  /** States of its connection, in order. */
  get states(): readonly string[] {
    return [...this.process.output.matchAll(/^status (.+)$/gm)].map(([, state]) => state!);
  }

  get metrics(): { readonly reconnects: number; readonly polls: number; readonly snapshots: number } {
    const last = [...this.process.output.matchAll(/^metrics (.+)$/gm)].at(-1)?.[1];
    return last === undefined
      ? { reconnects: 0, polls: 0, snapshots: 0 }
      : (JSON.parse(last) as { reconnects: number; polls: number; snapshots: number });
  }

  /** Whether its newest value is live and at this position. */
  isLiveAt({ epoch, offset }: Position): boolean {
    const [, at, freshness] = [...this.process.output.matchAll(/^at (\S+) (\S+) /gm)].at(-1) ?? [];
    return at === `${epoch}:${offset}` && freshness === 'live';
  }

  /** Positions that went back, and wrong values. */
  get violations(): readonly string[] {
    const found: string[] = [];
    let last = { epoch: '', offset: 0 };
    for (const [line, epoch = '', offset, json] of this.process.output.matchAll(/^at (\S+):(\d+) \S+ (.+)$/gm)) {
      if (epoch === last.epoch && Number(offset) < last.offset) found.push(`goes back: ${line}`);
      last = { epoch, offset: Number(offset) };
      const value = json === 'undefined' ? undefined : (JSON.parse(json!) as Field);
      if (value && !isDeepStrictEqual(value, fieldAt('0', value.tick))) found.push(`is not the server's: ${line}`);
    }
    return found;
  }
}
