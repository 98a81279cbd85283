import { applyDelta, utf8Length, type Json, type Position } from '@statewire/protocol';
import { BehaviorSubject, type Observable } from 'rxjs';

import type { Environment } from '../core/environment.js';
import type { MetricsRecorder } from '../core/metrics-recorder.js';
import type { TopicState } from './topic-state.js';
import type { RealtimeClientError } from '../core/realtime-client-error.js';
import { OptimisticOverlay, type PendingUpdate, type Update } from './optimistic-overlay.js';
import { CATCHING_UP, LIVE, TopicStore } from './topic-store.js';

const MEASURE_EVERY = 1_000;

/** Where the effect of an action on a topic is; undefined where there is none. Called once. */
export type SettleUpdate = (effect: Position | undefined) => void;

/** The value of a state topic, its position, how true it is, and what unanswered actions make of it. */
export class StateStore extends TopicStore {
  readonly kind = 'state';

  private value: Json | undefined;
  private position: Position | undefined;
  private bytes = 0;
  private measuredAt = 0;
  private readonly states: BehaviorSubject<TopicState<Json>>;
  private readonly overlay: OptimisticOverlay;
  private isEmitting = false;
  private isOutdated = false;

  constructor(
    private readonly environment: Environment,
    private readonly metrics: MetricsRecorder,
    report: (error: unknown) => void = () => undefined,
  ) {
    super();
    this.overlay = new OptimisticOverlay(report);
    this.states = new BehaviorSubject<TopicState<Json>>(this.state);
  }

  get state$(): Observable<TopicState<Json>> {
    return this.states;
  }

  get cursor(): Position | undefined {
    return this.position;
  }

  /** The topic has no value: nothing was published in this epoch yet. */
  clear(position: Position): void {
    this.value = undefined;
    this.position = position;
    this.moved(true);
  }

  /** The whole value at `position`. */
  replace(value: Json, position: Position, caughtUp: boolean): void {
    this.value = value;
    this.position = position;
    this.metrics.add('snapshots');
    this.measure(true);
    this.moved(caughtUp);
  }

  /**
   * Turns the value at the current position into the value at `offset`. What did not change keeps its identity.
   *
   * @throws DeltaError where the delta does not fit the value; nothing has changed then.
   */
  patch(delta: Json, offset: number, caughtUp: boolean): void {
    if (this.position === undefined || this.value === undefined) throw new Error('There is no value to patch.');
    this.value = applyDelta(this.value, delta);
    this.position = { epoch: this.position.epoch, offset };
    this.metrics.add('patches');
    this.measure(false);
    this.moved(caughtUp);
  }

  /**
   * Shows an update on top of the value until its effect has arrived, or there is none. A topic that errs shows no
   * updates any more.
   */
  show(update: Update, onDropped: () => void): SettleUpdate {
    const pending: PendingUpdate = { update, epoch: this.position?.epoch, onDropped, effect: undefined };
    this.overlay.add(pending);
    this.emit();
    return (effect) => {
      const size = this.overlay.size;
      pending.effect = effect;
      if (effect === undefined) this.overlay.drop(pending);
      else if (this.position !== undefined) this.overlay.reach(this.position);
      if (this.overlay.size < size) this.emit();
    };
  }

  override fail(error: RealtimeClientError, now: number, forget: boolean): void {
    this.overlay.clear();
    super.fail(error, now, forget);
  }

  forget(): void {
    this.value = undefined;
    this.position = undefined;
  }

  close(): void {
    this.states.complete();
  }

  /** An observer may act on what it sees: everybody gets this state before the one that follows from it. */
  protected emit(): void {
    this.isOutdated = true;
    if (this.isEmitting) return;
    this.isEmitting = true;
    while (this.isOutdated) {
      this.isOutdated = false;
      this.states.next(this.state);
    }
    this.isEmitting = false;
  }

  private get state(): TopicState<Json> {
    const { value: confirmed, position, freshness, error, overlay } = this;
    const value = overlay.over(confirmed);
    return { value, confirmed, pending: overlay.size, position, freshness, error };
  }

  private moved(caughtUp: boolean): void {
    if (this.position) this.overlay.reach(this.position);
    this.touch(caughtUp ? LIVE : CATCHING_UP);
    this.emit();
  }

  /** Stringifying each value after each patch would cost more than the patch: the size is taken once a second. */
  private measure(whole: boolean): void {
    const now = this.environment.monotonic();
    if (whole || now - this.measuredAt >= MEASURE_EVERY) {
      this.measuredAt = now;
      this.bytes = utf8Length(JSON.stringify(this.value));
    }
    this.metrics.add('fullStateBytes', this.bytes);
  }
}
