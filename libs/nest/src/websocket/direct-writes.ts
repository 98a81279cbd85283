import * as ws from 'ws';

import { provesDirectWrites } from '../delivery/ws-frame-socket.js';

/** Whether the installed ws takes ready-made messages. ws exports its `Sender` and does not type it. */
export const DIRECT_WRITES = provesDirectWrites((ws as { Sender?: unknown }).Sender);
