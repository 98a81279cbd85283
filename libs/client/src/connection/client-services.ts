import type { ActionOutbox } from '../actions/action-outbox.js';
import type { ClientEnvironment, HttpFallbackCode } from '../core/environment.js';
import type { MetricsRecorder } from '../core/metrics-recorder.js';
import type { ResolvedOptions } from '../core/options.js';
import type { ClientTopicRegistry } from '../topics/client-topic-registry.js';
import type { TokenProvider } from './token-provider.js';

/** The objects that exist once per client. */
export interface ClientServices {
  readonly environment: ClientEnvironment;
  readonly options: ResolvedOptions;
  readonly clientId: string;
  readonly isStatusObserved: () => boolean;
  readonly registry: ClientTopicRegistry;
  readonly outbox: ActionOutbox;
  readonly metrics: MetricsRecorder;
  readonly tokens: TokenProvider;
  readonly loadHttpFallback: () => HttpFallbackCode | Promise<HttpFallbackCode>;
}
