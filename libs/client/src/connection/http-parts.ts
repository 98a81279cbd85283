import type { Emit, HttpEvent } from '../session/client-event.js';
import type { FrameBudget } from '../session/frame-budget.js';
import type { ClientServices } from './client-services.js';
import { HttpActionSender } from './http-action-sender.js';
import { HttpTransport } from './http-transport.js';
import type { PollingState } from './lazy-poller.js';
import { Poller } from './poller.js';

/** The objects of the HTTP fallback, which the client loads on demand. */
export interface HttpParts {
  readonly poller: Poller;
  readonly actions: HttpActionSender;
}

/** Creates the objects of the HTTP fallback. The poller keeps its state in `state`. */
export function createHttpParts(
  services: ClientServices,
  state: PollingState,
  budget: FrameBudget,
  emit: Emit<HttpEvent>,
): HttpParts {
  const http = new HttpTransport(services, budget);
  return { poller: new Poller(services, http, state, emit), actions: new HttpActionSender(services, http, emit) };
}
