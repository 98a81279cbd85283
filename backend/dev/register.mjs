import { register } from 'node:module';

// Runs the backend and the libraries from their sources, compiled as they are loaded, with decorator metadata:
// node --watch --conditions=source --import ./dev/register.mjs src/main.ts
register('./typescript-hooks.mjs', import.meta.url);
