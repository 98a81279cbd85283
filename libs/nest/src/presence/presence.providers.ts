import type { Provider } from '@nestjs/common';

import { TOPIC_LOADER } from '../core/tokens.js';
import { PresenceTracker } from './presence-tracker.js';
import { PresenceTopicLoader } from './presence-topic-loader.js';

/** Needs `handlerProviders`, `REALTIME_OPTIONS`, `REALTIME_LOG` and `BROKER`. */
export const presenceProviders: Provider[] = [
  PresenceTracker,
  { provide: TOPIC_LOADER, useClass: PresenceTopicLoader },
];
