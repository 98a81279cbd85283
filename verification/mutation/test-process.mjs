import { fork } from 'node:child_process';
import { join } from 'node:path';

/** A child process with all tests of an area. If a mutant does not return, the parent ends the process. */
export class TestProcess {
  constructor(plan) {
    this.plan = plan;
    this.child = undefined;
  }

  async start() {
    this.child = fork(join(import.meta.dirname, 'worker.mjs'), [this.plan], {
      execArgv: ['--conditions=source', '--no-warnings', '--experimental-vm-modules'],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: { ...process.env, TZ: 'UTC' },
    });
    return this.answer(120_000);
  }

  ask(message, timeout) {
    this.child.send(message);
    return this.answer(timeout);
  }

  stop() {
    this.child?.kill('SIGKILL');
    this.child = undefined;
  }

  /** @returns the next message; undefined after the time limit, which also ends the process. */
  answer(timeout) {
    const { child } = this;
    return new Promise((resolve) => {
      let timer;
      const waitFor = (ms) => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          this.stop();
          settle(undefined);
        }, ms);
      };
      const settle = (message) => {
        if (message?.next) return waitFor(message.within);
        clearTimeout(timer);
        child.off('message', settle);
        child.off('exit', onExit);
        resolve(message);
      };
      const onExit = () => settle(undefined);
      child.on('message', settle);
      child.on('exit', onExit);
      waitFor(timeout);
    });
  }
}
