import 'reflect-metadata';

import { Module, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ActionData,
  OnAction,
  OnTopic,
  RealtimeBus,
  RealtimeError,
  RealtimeHandlers,
  RealtimeModule,
  TopicParams,
} from '@statewire/nest';
import { IsString } from 'class-validator';

import { addTodo, todoList, type TodoList } from './contract.js';

class ListParams {
  @IsString()
  readonly listId!: string;
}

class NewTodo extends ListParams {
  @IsString()
  readonly text!: string;
}

@RealtimeHandlers()
class TodoRealtime {
  private readonly lists = new Map<string, TodoList>();

  constructor(private readonly bus: RealtimeBus) {}

  @OnTopic(todoList)
  load(@TopicParams() { listId }: ListParams): TodoList {
    return this.lists.get(listId) ?? { todos: [] };
  }

  @OnAction(addTodo)
  async add(@ActionData() { listId, text }: NewTodo): Promise<void> {
    if (text.trim() === '') throw new RealtimeError('action_failed', 'A todo needs a text.');
    const list = { todos: [...this.load({ listId }).todos, text] };
    this.lists.set(listId, list);
    await this.bus.publish(todoList.with({ listId }), list);
  }
}

@Module({ imports: [RealtimeModule.forRoot()], providers: [TodoRealtime] })
class TodoModule {}

export async function startServer(port: number): Promise<INestApplication> {
  const app = await NestFactory.create(TodoModule, { logger: ['error', 'warn'] });
  app.enableShutdownHooks();
  await app.listen(port);
  return app;
}
