import type { Observable } from 'rxjs';

/** Whether the node accepts WebSocket connections. */
export interface WebSocketSwitch {
  /** Whether this node accepts WebSocket connections. */
  readonly enabled: boolean;
  /** Emits the new state after each change. */
  readonly changes: Observable<boolean>;
}
