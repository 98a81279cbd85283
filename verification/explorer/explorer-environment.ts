import type { Timer } from '@statewire/client';
import { VirtualEnvironment } from '@statewire/testing';
import type { Environment as ServerEnvironment } from '@statewire/nest';

/** A timer of the client with its due time. */
export class ExplorerTimer implements Timer {
  constructor(
    readonly due: number,
    private readonly pending: Set<ExplorerTimer>,
    set: (callback: () => void) => Timer,
    callback: () => void,
  ) {
    const timer = set(() => {
      pending.delete(this);
      callback();
    });
    this.cancel = () => {
      pending.delete(this);
      timer.cancel();
    };
    pending.add(this);
  }

  readonly cancel: () => void;

  get isPending(): boolean {
    return this.pending.has(this);
  }
}

/** One clock for both sides without randomness, so that the steps alone determine a history. */
export class ExplorerEnvironment extends VirtualEnvironment {
  declare readonly setTimer: (callback: () => void, delay: number) => Timer;
  /** The environment of the server, with its own timers. */
  readonly ofServer: ServerEnvironment;
  private readonly pendingTimers = new Set<ExplorerTimer>();

  /** Returns the milliseconds until each timer of the client runs. */
  get delays(): readonly number[] {
    return [...this.pendingTimers].map(({ due }) => due - this.monotonic()).sort((a, b) => a - b);
  }

  constructor() {
    super();
    const { pendingTimers, setTimer: set } = this;
    const { now, monotonic, defer, id } = this;
    this.ofServer = { now, monotonic, defer, id, setTimer: set, random: () => 0 };
    this.setTimer = (callback, delay) => {
      const due = this.monotonic() + Math.max(0, delay);
      return new ExplorerTimer(due, pendingTimers, (run) => set(run, delay), callback);
    };
  }

  /** No jitter: the steps decide the timing. */
  override readonly random = (): number => 0;

  /** The effects of a step happen before the server's turn ends and its frames are written. */
  override async settle(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    await super.settle();
  }
}
