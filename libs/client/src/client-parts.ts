import type { ActionOutbox } from './actions/action-outbox.js';
import type { Environment } from './environment.js';
import type { MetricsRecorder } from './metrics-recorder.js';
import type { ResolvedOptions } from './resolved-options.js';
import type { TokenSource } from './token-source.js';
import type { TopicRegistry } from './topics/topic-registry.js';
import type { HttpTransport } from './transport/http-transport.js';

/** What the parts of one client share. */
export interface ClientParts {
  readonly environment: Environment;
  readonly options: ResolvedOptions;
  readonly clientId: string;
  readonly registry: TopicRegistry;
  readonly outbox: ActionOutbox;
  readonly metrics: MetricsRecorder;
  readonly tokens: TokenSource;
  readonly http: HttpTransport;
}
