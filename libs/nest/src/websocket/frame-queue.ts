import type { ActionFrame, AuthenticateFrame, SubscribeFrame, UnsubscribeFrame } from '@statewire/protocol';

/** Frames that take their turn. */
export type QueuedFrame = AuthenticateFrame | SubscribeFrame | UnsubscribeFrame | ActionFrame;

/** What starting a frame means. None of it throws or rejects. */
export interface FrameWork {
  /** Whether no topic is being changed, so that credentials can be replaced under all of them. */
  readonly topicsSettled: boolean;
  isParallel(action: string): boolean;
  authenticate(frame: AuthenticateFrame): Promise<void>;
  act(frame: ActionFrame): Promise<void>;
  changeTopics(frame: SubscribeFrame | UnsubscribeFrame): void;
  /** Called after `authenticate` or an action has settled, when other frames may start. */
  settle(): void;
}

/**
 * Starts the frames of one connection in the order in which they came: `authenticate` with nothing behind it, actions
 * one at a time unless they are parallel.
 */
export class FrameQueue {
  private readonly waiting: QueuedFrame[] = [];
  private authenticating = false;
  private serialActionRuns = false;
  private running = 0;

  /** @param mostActions parallel actions that may run at once. 0: as many as come. */
  constructor(
    private readonly work: FrameWork,
    private readonly mostActions: number,
  ) {}

  /** Frames that have not started. */
  get length(): number {
    return this.waiting.length;
  }

  /** Actions that have started and are not answered. */
  get actions(): number {
    return this.running;
  }

  push(frame: QueuedFrame): void {
    this.waiting.push(frame);
    this.advance();
  }

  /** Starts what may start. */
  advance(): void {
    for (let [next] = this.waiting; next !== undefined && this.mayStart(next); [next] = this.waiting) {
      this.waiting.shift();
      this.start(next);
    }
  }

  clear(): void {
    this.waiting.length = 0;
  }

  private mayStart(frame: QueuedFrame): boolean {
    if (this.authenticating) return false;
    switch (frame.type) {
      case 'authenticate':
        return this.work.topicsSettled;
      case 'action':
        if (this.mostActions > 0 && this.running >= this.mostActions) return false;
        return !this.serialActionRuns || this.work.isParallel(frame.name);
      case 'subscribe':
      case 'unsubscribe':
        return true;
    }
  }

  private start(frame: QueuedFrame): void {
    switch (frame.type) {
      case 'authenticate':
        void this.authenticate(frame);
        return;
      case 'action':
        void this.act(frame);
        return;
      case 'subscribe':
      case 'unsubscribe':
        this.work.changeTopics(frame);
    }
  }

  private async authenticate(frame: AuthenticateFrame): Promise<void> {
    this.authenticating = true;
    await this.work.authenticate(frame);
    this.authenticating = false;
    this.work.settle();
  }

  private async act(frame: ActionFrame): Promise<void> {
    const serial = !this.work.isParallel(frame.name);
    if (serial) this.serialActionRuns = true;
    this.running += 1;
    await this.work.act(frame);
    if (serial) this.serialActionRuns = false;
    this.running -= 1;
    this.work.settle();
  }
}
