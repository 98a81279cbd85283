import { join } from 'node:path';

import type { Crowd } from './crowd.js';
import { remote } from './remote.js';
import { ServerProcess, type ServerProcessOptions } from './server-process.js';

const MAIN = join(import.meta.dirname, 'crowd.ts');

/** Real clients in their own process, so that other work does not delay them. */
export class CrowdProcess {
  readonly process: ServerProcess;
  readonly crowd;

  constructor(origin: string, { env, ...rest }: ServerProcessOptions = {}) {
    this.process = new ServerProcess(MAIN, { ...rest, env: { ...env, ORIGIN: origin } });
    this.crowd = remote<Crowd>(this.process);
  }
}
