import { applyDelta, utf8Length, type Json, type Position, type TopicReference } from '@statewire/protocol';
import { BehaviorSubject, type Observable } from 'rxjs';

import type { ClientEnvironment } from '../core/environment.js';
import type { MetricsRecorder } from '../core/metrics-recorder.js';
import type { RealtimeClientError } from '../core/realtime-client-error.js';
import { OptimisticOverlay, type PendingUpdate, type Update } from './optimistic-overlay.js';
import { shareParts } from './share-parts.js';
import type { Freshness, TopicState } from './topic-state.js';
import { TopicStore } from './topic-store.js';

const MEASURE_INTERVAL_MS = 1_000;
/** Part of a value that has to arrive as patches before the store measures the value again. */
const MEASURE_FRACTION = 0.1;

/** Takes the position of the action's effect on the topic; undefined if the action has no effect on it. Called once. */
export type SettleUpdate = (effect: Position | undefined) => void;

/** The value, position and freshness of a state topic, and the optimistic updates on top of the value. */
export class StateStore extends TopicStore {
  readonly #environment: ClientEnvironment;
  readonly #metrics: MetricsRecorder;
  readonly #rowKey: string | undefined;

  readonly kind = 'state';

  #value: Json | undefined;
  #position: Position | undefined;
  #bytes = 0;
  /** Characters of the patches since the last measurement. */
  #patched = 0;
  #measuredAt = 0;
  readonly #states: BehaviorSubject<TopicState<Json>>;
  readonly #overlay: OptimisticOverlay;
  #isEmitting = false;
  #isOutdated = false;

  constructor(
    environment: ClientEnvironment,
    metrics: MetricsRecorder,
    reportError: (error: unknown) => void = () => undefined,
    { name, rowKey }: Pick<TopicReference, 'name' | 'rowKey'> = { name: '' },
  ) {
    super();
    this.#environment = environment;
    this.#metrics = metrics;
    this.#rowKey = rowKey;
    this.#overlay = new OptimisticOverlay(reportError, name);
    this.#states = new BehaviorSubject<TopicState<Json>>(this.#state);
  }

  get state$(): Observable<TopicState<Json>> {
    return this.#states;
  }

  get cursor(): Position | undefined {
    return this.#position;
  }

  /** Records that the topic has no value, because this epoch has no publications yet. */
  clear(position: Position, freshness: Freshness): void {
    this.#value = undefined;
    this.#position = position;
    this.#handleMove(freshness);
  }

  /**
   * Replaces the value with the one at `position`, which the store may change. Parts that are equal in both keep their
   * identity.
   */
  replace(value: Json, position: Position, freshness: Freshness): void {
    this.#value = shareParts(this.#value, value, this.#rowKey);
    this.#position = position;
    this.#metrics.add('snapshots');
    this.#measuredAt = -Infinity;
    this.#measure(true);
    this.#handleMove(freshness);
  }

  /**
   * Turns the value at the current position into the value at `offset`. Unchanged parts keep their identity.
   *
   * @throws DeltaError if the delta does not fit the value. The value is then unchanged.
   */
  patch(delta: Json, offset: number, freshness: Freshness): void {
    if (this.#position === undefined || this.#value === undefined) throw new Error('There is no value to patch.');
    this.#value = applyDelta(this.#value, delta);
    this.#position = { epoch: this.#position.epoch, offset };
    this.#metrics.add('patches');
    this.#patched += JSON.stringify(delta).length;
    this.#measure(this.#patched >= this.#bytes * MEASURE_FRACTION);
    this.#handleMove(freshness);
  }

  /** Lays an update over the value until the store has its effect, or the action turns out to have none. */
  showUpdate(update: Update, onDropped: () => void): SettleUpdate {
    const pending: PendingUpdate = { update, epoch: this.#position?.epoch, onDropped, effect: undefined };
    this.#overlay.add(pending);
    this.emit();
    return (effect) => {
      const size = this.#overlay.size;
      pending.effect = effect;
      if (effect === undefined) this.#overlay.drop(pending);
      else if (this.#position !== undefined) this.#overlay.dropUntil(this.#position);
      if (this.#overlay.size < size) this.emit();
    };
  }

  override fail(error: RealtimeClientError, now: number, dropValue: boolean): void {
    this.#overlay.clear();
    super.fail(error, now, dropValue);
  }

  reset(): void {
    this.#value = undefined;
    this.#position = undefined;
  }

  close(): void {
    this.#states.complete();
  }

  /** An observer may act on a state. Every observer gets that state before the one that follows from the action. */
  protected emit(): void {
    this.#isOutdated = true;
    if (this.#isEmitting) return;
    this.#isEmitting = true;
    while (this.#isOutdated) {
      this.#isOutdated = false;
      this.#states.next(this.#state);
    }
    this.#isEmitting = false;
  }

  get #state(): TopicState<Json> {
    const { freshness, error = this.delay } = this;
    const confirmed = this.#value;
    const position = this.#position;
    const overlay = this.#overlay;
    const value = overlay.applyTo(confirmed);
    return { value, confirmed, pending: overlay.size, position, freshness, error };
  }

  #handleMove(freshness: Freshness): void {
    if (this.#position) this.#overlay.dropUntil(this.#position);
    this.updateFreshness(freshness);
    this.emit();
  }

  /** Counts the size of the value. Measures it only if due, because that costs as much as the whole value. */
  #measure(isDue: boolean): void {
    const now = this.#environment.monotonic();
    if (isDue && now - this.#measuredAt >= MEASURE_INTERVAL_MS) {
      this.#measuredAt = now;
      this.#patched = 0;
      this.#bytes = utf8Length(JSON.stringify(this.#value));
    }
    this.#metrics.add('fullStateBytes', this.#bytes);
  }
}
