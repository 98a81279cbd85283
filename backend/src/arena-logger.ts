import { ConsoleLogger } from '@nestjs/common';

/** Nest tells of every module and every route; what a person who starts the Arena wants to read is two lines. */
const CHATTY = ['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication'];

export class ArenaLogger extends ConsoleLogger {
  override log(message: unknown, ...rest: unknown[]): void {
    if (!CHATTY.includes(String(rest.at(-1)))) super.log(message, ...rest);
  }

  /** What keeps the application from starting is said by whoever starts it, in words. */
  override error(message: unknown, ...rest: unknown[]): void {
    if (!CHATTY.includes(String(rest.at(-1)))) super.error(message, ...rest);
  }
}
