import { applyDelta, utf8Length, type Json, type Position } from '@statewire/protocol';
import { BehaviorSubject, type Observable } from 'rxjs';

import type { Environment } from '../environment.js';
import type { MetricsRecorder } from '../metrics-recorder.js';
import type { TopicState } from '../topic-state.js';
import { CATCHING_UP, LIVE, TopicStore } from './topic-store.js';

const MEASURE_EVERY = 1_000;

/** The value of a state topic, its position, and how true it is. */
export class StateStore extends TopicStore {
  readonly kind = 'state';

  private value: Json | undefined;
  private position: Position | undefined;
  private bytes = 0;
  private measuredAt = 0;
  private readonly states: BehaviorSubject<TopicState<Json>>;

  constructor(
    private readonly environment: Environment,
    private readonly metrics: MetricsRecorder,
  ) {
    super();
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

  forget(): void {
    this.value = undefined;
    this.position = undefined;
  }

  close(): void {
    this.states.complete();
  }

  protected emit(): void {
    this.states.next(this.state);
  }

  private get state(): TopicState<Json> {
    return { value: this.value, position: this.position, freshness: this.freshness, error: this.error };
  }

  private moved(caughtUp: boolean): void {
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
