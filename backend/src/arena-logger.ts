import { ConsoleLogger } from '@nestjs/common';

/** Nest tells of every module and every route; what a person who starts the Arena wants to read is two lines. */
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

  /** What keeps the application from starting is said by `main.ts`, in words. */
  override error(message: unknown, ...rest: unknown[]): void {
    if (!STARTING.includes(String(rest.at(-1)))) super.error(message, ...rest);
  }
}
