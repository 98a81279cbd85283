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
  /** Emits once, when whoever is left is cut off; later subscribers get it at once. */
  readonly ended: Observable<void>;
}

/** Whose permission is taken back: all connections of a user, or a single one. */
export type Revocation = { readonly user: string } | { readonly connection: string };

export interface RevokeOptions {
  /**
   * Milliseconds to come back with credentials that `authenticate` accepts now, or to finish what is under way. Clients
   * of Statewire ask for new ones on their own. Of several revocations the one counts that ends first, among those made
   * after the credentials were presented. Default 0: the end is at once.
   */
  readonly grace?: number;
}

/** What was taken back of credentials that were presented some time ago. */
export interface Revocations {
  /** Grows with each revocation: note it before credentials are verified. */
  readonly mark: number;
  /**
   * Lets pass whose permission holds after the credentials were verified that were presented at `mark`.
   *
   * @throws RealtimeError `unauthorized` where it was taken back meanwhile, `timeout` where nobody can tell any more.
   */
  check(user: string | undefined, mark: number): void;
  /** Errs as {@link check} throws, as soon as it would. */
  whilePermitted(user: string, mark: number): Observable<never>;
}
