import type { AddressInfo, Server } from 'node:net';

import type { INestApplication } from '@nestjs/common';

/** The address of an application that listens on port 0. */
export function originOf(app: INestApplication): string {
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}
