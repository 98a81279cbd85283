import { register } from 'node:module';

// node --conditions=source --import ./verification/support/register.mjs script.ts
register('./typescript-hooks.mjs', import.meta.url);
