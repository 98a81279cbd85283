import { NEVER, type Observable } from 'rxjs';

import type { CallerContext } from '../core/realtime-request.js';
import type { Revocations } from '../admission/revocations.js';

/** Who was let in with one request, by credentials that may be taken back while it is answered. */
export class AuthenticatedRequest {
  /** @param mark that of the revocations when the credentials were presented. */
  constructor(
    readonly caller: CallerContext,
    private readonly mark: number,
    private readonly revocations: Pick<Revocations, 'check' | 'mark' | 'whilePermitted'>,
  ) {}

  /**
   * To be asked before anything is told that was read since.
   *
   * @throws RealtimeError where the permission was taken back meanwhile, or nobody can tell any more.
   */
  check(): void {
    this.revocations.check(this.caller.identity?.id, this.mark);
  }

  /** Errs as {@link check} throws, as soon as it would. */
  get permitted(): Observable<never> {
    const user = this.caller.identity?.id;
    return user === undefined ? NEVER : this.revocations.whilePermitted(user, this.mark);
  }
}
