import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';

/** The build puts a digest of the content into these names: `main-5JXQ2L7B.js`. */
const HASHED = /-[A-Z0-9]{8}\.\w+$/;

/** Paths that are the server's own: never a page of the client. */
const RESERVED = /^\/(api|health|realtime|ws)(\/|$)/;

/** Serves the built client from its directory; every address that is a page of it gets its index. */
export function serveClient(app: NestExpressApplication, directory: string): void {
  const index = join(directory, 'index.html');
  app.useStaticAssets(directory, {
    index: false,
    setHeaders: (response: Response, path: string) => {
      response.setHeader('Cache-Control', HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  app.use((request: Request, response: Response, next: NextFunction) => {
    if (!isPage(request)) return next();
    response.setHeader('Cache-Control', 'no-cache');
    if (existsSync(index)) response.sendFile(index, { cacheControl: false });
    else
      response
        .status(404)
        .type('text')
        .send('This is the Arena’s server. Its client is not built here: npm run build\n');
  });
}

function isPage(request: Request): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false;
  const isFile = /\.\w+$/.test(request.path);
  return !isFile && !RESERVED.test(request.path) && request.accepts('html') === 'html';
}
