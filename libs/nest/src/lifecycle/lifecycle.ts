import type { Observable } from 'rxjs';

/** The live switch of the WebSocket. HTTP polling goes on while it is off. */
export interface RealtimeSwitch {
  readonly enabled: boolean;
  /** Emits after each change, wherever in the cluster it was thrown. */
  readonly changes: Observable<boolean>;
  /** Throws the switch on every node; connected clients move to polling (4203) and come back when told. */
  set(enabled: boolean): Promise<void>;
}

/** Whether this node is going away. */
export interface DrainState {
  readonly draining: boolean;
  /** Emits once, when draining begins; later subscribers get it at once. */
  readonly began: Observable<void>;
}

/** Whose permission is taken back: all connections of a user, or a single one. */
export type Revocation = { readonly user: string } | { readonly connection: string };

/** Who is shown the door. */
export interface Revocations {
  /** Emits each revocation, wherever in the cluster it was made. */
  readonly revoked: Observable<Revocation>;
}
