import { Inject, Injectable, type CanActivate, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { GuardsConsumer } from '@nestjs/core/guards/guards-consumer.js';

import type { RealtimeLog } from '../core/realtime-log.js';
import type { ResolvedRealtimeOptions } from '../core/options.js';
import { REALTIME_LOG, REALTIME_OPTIONS } from '../core/tokens.js';
import { instanceOf } from '../core/instance-of.js';
import { RealtimeError } from '../core/errors.js';
import { named } from './named-guards.js';
import { CONTEXT_TYPE } from './pipeline-factory.js';
import { ResponseStub } from './response-stub.js';
import type { RealtimeRequest } from '../core/realtime-request.js';
import { ExceptionMapper } from './exception-mapper.js';

/** The guards of the option `connectionGuards`, with their dependencies. */
@Injectable()
export class ConnectionGuards implements OnModuleInit {
  private readonly consumer = new GuardsConsumer();
  private readonly exceptions: ExceptionMapper;
  private guards: readonly CanActivate[] = [];

  constructor(
    private readonly moduleRef: ModuleRef,
    @Inject(REALTIME_OPTIONS) private readonly options: ResolvedRealtimeOptions,
    @Inject(REALTIME_LOG) log: RealtimeLog,
  ) {
    this.exceptions = new ExceptionMapper('connectionGuards', 'connection', log);
  }

  async onModuleInit(): Promise<void> {
    this.guards = await Promise.all(
      this.options.connectionGuards.map(async (guard, index) =>
        named(await instanceOf<CanActivate>(this.moduleRef, `connectionGuards[${index}]`, guard)),
      ),
    );
  }

  /** @throws RealtimeError `unauthorized`, `forbidden`, or the error of a guard. */
  async admit(request: RealtimeRequest): Promise<void> {
    if (this.guards.length === 0) return;
    let admitted: boolean;
    try {
      const args = [request, new ResponseStub()];
      admitted = await this.consumer.tryActivate([...this.guards], args, this, connect, CONTEXT_TYPE);
    } catch (error) {
      throw await this.exceptions.toRealtimeError(error, request);
    }
    if (admitted) return;
    throw await this.exceptions.toRealtimeError(new RealtimeError('forbidden', 'You may not connect.'), request);
  }
}

/** Stands for the handler in guards that read decorators: a connection has no handler. */
function connect(): void {}
