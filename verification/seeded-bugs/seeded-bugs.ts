import { CLIENT_BUGS } from './client-bugs.js';
import type { SeededBug } from './seeded-bug.js';
import { SERVER_BUGS } from './server-bugs.js';

export const SEEDED_BUGS: readonly SeededBug[] = [...SERVER_BUGS, ...CLIENT_BUGS];
