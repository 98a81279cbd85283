import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';

import { action, eventTopic, presenceTopic, stateTopic, type Json, type JsonCompatible } from '../src/index.js';

interface Row {
  readonly id: string;
  note?: string;
}
interface Tree {
  readonly children: readonly Tree[];
  readonly parent?: Tree | null;
  readonly byName: Readonly<Record<string, Tree>>;
}
interface DatedTree {
  readonly children: readonly DatedTree[];
  readonly at: Date;
}
type Rose = string | readonly Rose[] | { readonly [key: string]: Rose };
enum Level {
  Low,
  High,
}
enum Mode {
  Day = 'day',
  Night = 'night',
}
type UserId = string & { readonly __brand: 'UserId' };
declare const unit: unique symbol;
type Meters = number & { readonly [unit]: 'm' };
class Point {
  x = 0;
  private readonly secret: number = 1;
}
class Vector extends Point {
  length(): number {
    return this.x;
  }
}

/** The type check is part of the test: an unnecessary `ts-expect-error` fails it. */
function declareContracts(): readonly unknown[] {
  return [
    stateTopic(),
    stateTopic<Row>(),
    stateTopic<Tree>(),
    stateTopic<Rose>(),
    stateTopic<Json>(),
    // eslint-disable-next-line @typescript-eslint/no-explicit-any -- an application may have it in its contract
    stateTopic<{ readonly a: unknown; readonly b: any; readonly c: object }>(),
    stateTopic<{ readonly level: Level; readonly mode?: Mode; readonly low: Level.Low | null }>(),
    stateTopic<{ readonly id: UserId; readonly far: Meters; readonly by: Partial<Record<UserId, Meters>> }>(),
    stateTopic<readonly [name: string, age?: number, ...rest: boolean[]]>(),
    stateTopic<{ type: 'a'; x: 1 } | { type: 'b'; y?: string | undefined } | null>(),
    stateTopic<Pick<Row, 'id'> & Readonly<Record<`data-${string}`, unknown>>>(),
    stateTopic<Point>(),
    eventTopic<Row | Json>(),
    eventTopic<{ readonly name: string; readonly message: string }>(),
    action<undefined, void>('jump'),
    action<{ readonly ids: readonly UserId[] }, { readonly rows: readonly Row[] }>('load'),
    action('anything'),
    pageOf<Row>(),

    // @ts-expect-error a Date arrives as a string
    stateTopic<Date>(),
    // @ts-expect-error a Date in a list
    stateTopic<{ readonly rows: readonly { readonly at: Date }[] }>(),
    // @ts-expect-error a Date in a recursive type
    stateTopic<DatedTree>(),
    // @ts-expect-error a Date in a union
    stateTopic<{ readonly at?: string | Date | null }>(),
    // @ts-expect-error a Date in one of two shapes
    stateTopic<Row | { readonly at: Date }>(),
    // @ts-expect-error a Date in a record
    stateTopic<Readonly<Record<string, Date>>>(),
    // @ts-expect-error a Date in a tuple
    stateTopic<readonly [string, Date]>(),
    // @ts-expect-error a Map
    stateTopic<{ readonly byId: Map<string, number> }>(),
    // @ts-expect-error a Map that is not written
    stateTopic<{ readonly byId: ReadonlyMap<string, number> }>(),
    // @ts-expect-error a Set
    eventTopic<{ readonly ids: Set<string> }>(),
    // @ts-expect-error a Set that is not written
    eventTopic<{ readonly ids: ReadonlySet<string> }>(),
    // @ts-expect-error a map without JSON
    eventTopic<{ readonly cache: WeakMap<object, string> }>(),
    // @ts-expect-error a bigint
    eventTopic<{ readonly total: bigint }>(),
    // @ts-expect-error a symbol
    eventTopic<{ readonly kind: symbol }>(),
    // @ts-expect-error a function
    eventTopic<{ readonly onClick?: () => void }>(),
    // @ts-expect-error a class itself
    eventTopic<{ readonly type: typeof Point }>(),
    // @ts-expect-error a method
    stateTopic<Vector>(),
    // @ts-expect-error a method of a nested object
    stateTopic<{ readonly deep: readonly Vector[] }>(),
    // @ts-expect-error an Error
    stateTopic<{ readonly error: Error }>(),
    // @ts-expect-error bytes
    stateTopic<{ readonly bytes: Uint8Array }>(),
    // @ts-expect-error bytes of Node
    stateTopic<{ readonly bytes: Buffer }>(),
    // @ts-expect-error an object that decides about its JSON
    stateTopic<{ readonly at: URL }>(),
    // @ts-expect-error a promise
    stateTopic<{ readonly later: Promise<string> }>(),
    // @ts-expect-error data of an action
    action<{ readonly at: Date }, void>('at'),
    // @ts-expect-error result of an action
    action<void, { readonly at: Date }>('at'),
    // @ts-expect-error info of a member
    presenceTopic<{ readonly since: Date }>(),
    // @ts-expect-error a Date in a contract that a generic function declares
    pageOf<{ readonly at: Date }>(),
  ];
}

function pageOf<Item extends JsonCompatible<Item>>() {
  return stateTopic<{ readonly items: readonly Item[] }>();
}

/** Returns what the compiler says about a contract in the folder of this file. */
function complaintsAbout(source: string): string {
  const name = `${import.meta.dirname}/contract-of-the-test.ts`;
  const host = ts.createCompilerHost({});
  const { fileExists, getSourceFile } = host;
  host.fileExists = (file) => file === name || fileExists(file);
  host.getSourceFile = (file, options) =>
    file === name
      ? ts.createSourceFile(file, `import { stateTopic } from '../src/topic.js';\n${source}`, options)
      : getSourceFile(file, options);
  const program = ts.createProgram(
    [name],
    {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: [],
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
    },
    host,
  );
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
    .join('\n');
}

describe('the types of a contract', () => {
  test('are those that arrive as they are declared', () => {
    expect(declareContracts).toHaveLength(0);
  });

  test('name the property without JSON, and the reason', () => {
    const said = complaintsAbout('export const rows = stateTopic<{ rows: { id: string; createdAt?: Date }[] }>();');

    expect(said).toContain("Types of property 'rows' are incompatible");
    expect(said).toContain("Types of property 'createdAt' are incompatible");
    expect(said).toContain('A Date arrives as a string. Declare a string (toISOString) or a number (getTime).');
  }, 60_000);

  test('may refer to each other in long chains', () => {
    const next = (index: number): string => `readonly many?: readonly T${index}[]; readonly one?: T${index} | null`;
    const types = Array.from({ length: 80 }, (_, index) => `interface T${index} { ${next((index * 7 + 1) % 80)} }`);

    expect(complaintsAbout(`${types.join('\n')}\nexport const first = stateTopic<T0>();`)).toBe('');
  }, 60_000);
});
