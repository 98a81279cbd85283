import type { Json, TopicPosition } from '@statewire/protocol';
import type { AsyncSubject } from 'rxjs';

/** An action on its way: kept until it is answered. */
export interface PendingAction {
  readonly id: string;
  readonly name: string;
  /** The data as JSON, taken once: what is sent again is what was sent first. */
  readonly json: string | undefined;
  /** Of its frame, in UTF-8. */
  readonly bytes: number;
  readonly result: AsyncSubject<Json | undefined>;
  /** Takes where the topics stand that it changed; nothing where it took no effect. Called before the result. */
  settle: (positions?: readonly TopicPosition[]) => void;
  /** On the monotonic clock; undefined while it was never sent. */
  firstSentAt: number | undefined;
  /** What it was last handed to. */
  carrier: ActionCarrier | undefined;
}

/** A transport that takes actions to the server. */
export interface ActionCarrier {
  /** There are actions to look at: all that are unanswered, in order. */
  carry(unanswered: readonly PendingAction[]): void;
}

/** The fields that the `action` frame and the body of the HTTP binding share, as JSON without braces. */
export function actionFields({ id, name, json }: Pick<PendingAction, 'id' | 'name' | 'json'>): string {
  const data = json === undefined ? '' : `,"data":${json}`;
  return `"id":${JSON.stringify(id)},"name":${JSON.stringify(name)}${data}`;
}

export function actionFrame(action: Pick<PendingAction, 'id' | 'name' | 'json'>): string {
  return `{"type":"action",${actionFields(action)}}`;
}
