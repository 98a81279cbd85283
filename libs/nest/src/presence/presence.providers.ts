import type { Provider } from '@nestjs/common';

import { ATTENDANCE, TOPIC_LOADER } from '../core/tokens.js';
import { NodeAttendance } from './presence-tracker.js';
import { PresenceTopicLoader } from './presence-topic-loader.js';

/** Needs `dispatcherProviders`, `REALTIME_OPTIONS`, `REALTIME_LOG` and `BROKER`. */
export const presenceProviders: Provider[] = [
  NodeAttendance,
  { provide: ATTENDANCE, useExisting: NodeAttendance },
  { provide: TOPIC_LOADER, useClass: PresenceTopicLoader },
];
