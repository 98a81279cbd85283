import type { Provider } from '@nestjs/common';

import { ATTENDANCE, TOPIC_LOADER } from '../module/tokens.js';
import { NodeAttendance } from './node-attendance.js';
import { PresenceTopicLoader } from './presence-topic-loader.js';

export type { Attendance, Stay } from './attendance.js';

/** Needs `dispatcherProviders`, `REALTIME_OPTIONS`, `REALTIME_LOG` and `BROKER`. */
export const presenceProviders: Provider[] = [
  NodeAttendance,
  { provide: ATTENDANCE, useExisting: NodeAttendance },
  { provide: TOPIC_LOADER, useClass: PresenceTopicLoader },
];
