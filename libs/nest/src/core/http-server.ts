import type { HttpAdapterHost } from '@nestjs/core';

/** Whether the application has an HTTP server. An application context and a microservice have none. */
export function hasHttpServer({ httpAdapter }: HttpAdapterHost): boolean {
  return Boolean(httpAdapter as object | null | undefined);
}
