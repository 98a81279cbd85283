import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { Controller, Get, Module, NotFoundException, type DynamicModule } from '@nestjs/common';
import { ServeStaticModule } from '@nestjs/serve-static';
import type { Response } from 'express';

/** The build puts a digest of the content into these names: `main-5JXQ2L7B.js`. */
const HASHED = /-[A-Z0-9]{8}\.\w+$/;

/** Paths of the server and of files. All other paths are pages of the client. */
const NO_PAGE = /^\/(?:api|health|realtime|ws)(?:\/|$)|\.\w+$/;

@Controller()
class MissingClientController {
  @Get()
  page(): never {
    throw new NotFoundException('The client is not built. Run npm run build, and start the server again.');
  }
}

/** Serves the built client. Each path that is a page of the client gets its `index.html`. */
@Module({})
export class WebModule {
  /** @param directory folder of the built client. */
  static forRoot(directory: string): DynamicModule {
    if (!existsSync(join(directory, 'index.html'))) {
      return { module: WebModule, controllers: [MissingClientController] };
    }
    const client = ServeStaticModule.forRoot({
      rootPath: directory,
      exclude: NO_PAGE,
      serveStaticOptions: { index: false, setHeaders: setCacheControl },
    });
    return { module: WebModule, imports: [client] };
  }
}

function setCacheControl(response: Response, path: string): void {
  response.setHeader('Cache-Control', HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
}
