import type { ServerProcess } from './server-process.js';

type Methods<T> = {
  readonly [Name in keyof T]: T[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Lets the parent process call methods of an object, and ends this process when the parent ends. */
export function serve<T extends object>(object: T): void {
  process.on('message', ({ id, method, args }: Call) => {
    const work = async (): Promise<unknown> =>
      (object as Record<string, (...args: unknown[]) => unknown>)[method]!(...args);
    work().then(
      (result) => process.send?.({ id, result } satisfies Answer),
      (error: Error) => process.send?.({ id, error: error.message } satisfies Answer),
    );
  });
  process.once('disconnect', () => process.exit());
}

/** The remote object of the other process. Arguments and results are sent as JSON. */
export function remote<T extends object>(of: ServerProcess): Methods<T> {
  const pending = new Map<number, (answer: Answer) => void>();
  let calls = 0;
  of.child.on('message', (answer: Answer) => pending.get(answer.id)?.(answer));
  of.child.once('exit', () => {
    for (const [id, settle] of pending) settle({ id, error: `The process ended.\n${of.output.slice(-4_000)}` });
  });
  const call = (method: string, args: readonly unknown[]): Promise<unknown> => {
    const id = (calls += 1);
    return new Promise((resolve, reject) => {
      pending.set(id, ({ result, error }) => {
        pending.delete(id);
        if (error === undefined) resolve(result);
        else reject(new Error(error));
      });
      of.child.send({ id, method, args } satisfies Call, (error) => {
        if (error)
          pending.get(id)?.({ id, error: `${method}() was not sent: ${error.message}.\n${of.output.slice(-4_000)}` });
      });
    });
  };
  return new Proxy({} as Methods<T>, {
    // `await` must not treat it as a promise.
    get: (_, method) => (method === 'then' ? undefined : (...args: readonly unknown[]) => call(String(method), args)),
  });
}
