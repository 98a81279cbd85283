import type { Crowd } from './crowd.js';
import { remote } from './remote.js';
import { ServerProcess, type ServerProcessOptions } from './server-process.js';

/** Real clients in a process of their own, so that nobody else makes them late. */
export class CrowdProcess {
  readonly process: ServerProcess;
  readonly crowd;

  constructor(origin: string, { env, ...rest }: ServerProcessOptions = {}) {
    this.process = new ServerProcess('test/support/crowd.ts', { ...rest, env: { ...env, ORIGIN: origin } });
    this.crowd = remote<Crowd>(this.process);
  }
}
