import { ConsoleLogger } from '@nestjs/common';

/** Reduces the log of a start to two lines. Nest itself logs every module and every route. */
const STARTING = [
  'ExceptionHandler',
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
];

export class ArenaLogger extends ConsoleLogger {
  override log(message: unknown, ...rest: unknown[]): void {
    if (!STARTING.includes(String(rest.at(-1)))) super.log(message, ...rest);
  }

  /** `main.ts` prints the errors that prevent a start. */
  override error(message: unknown, ...rest: unknown[]): void {
    if (!STARTING.includes(String(rest.at(-1)))) super.error(message, ...rest);
  }
}
