import { action, stateTopic } from '@statewire/protocol';

export interface TodoList {
  readonly todos: readonly string[];
}

export const todoList = stateTopic<TodoList>()('lists/:listId');
export const addTodo = action<{ listId: string; text: string }>('lists/add');
