import type { CompilerAdvice } from './compiler-advice.js';

/**
 * A type that arrives as it is declared: `Value extends JsonCompatible<Value>` holds for JSON values, and for objects
 * and arrays of them. It does not hold for `Date`, `Map`, `Set`, `Error`, `bigint`, `symbol`, binary data, functions
 * and objects with methods. The compiler then names the property and the reason, a {@link CompilerAdvice}. `any` and
 * `unknown` pass, and so does everything below the sixth level of objects.
 *
 * @example
 * function pageOf<Row extends JsonCompatible<Row>>() { return stateTopic<{ readonly rows: readonly Row[] }>(); }
 */
export type JsonCompatible<T, Level extends 0[] = []> =
  // Inferring `U` keeps the constraint of a type parameter from being circular.
  [T] extends [infer U] ? JsonForm<U, Level> : never;

/** The properties of an object. Properties with a symbol as key are not part of its JSON. */
export type JsonProperties<T, Level extends 0[] = []> = [MaxLevel] extends [Level]
  ? unknown
  : { readonly [K in keyof T]: K extends symbol ? unknown : JsonCompatible<T[K], Level | [0, ...Level]> };

// The compiler follows about 100 levels of two types that it compares. Types that refer to each other may need more. A
// level is a union with all levels above it, so that `JsonCompatible<T>` is assignable to the same of a deeper level.
type MaxLevel = [0, 0, 0, 0, 0, 0];

type JsonPrimitive = string | number | boolean | null | undefined | void;

type JsonForm<T, Level extends 0[]> = unknown extends T
  ? unknown
  : T extends JsonPrimitive
    ? JsonPrimitive
    : T extends bigint
      ? CompilerAdvice<'JSON has no bigint. Declare a string or a number.'>
      : T extends symbol
        ? CompilerAdvice<'JSON has no symbols.'>
        : T extends ((...args: never) => unknown) | (abstract new (...args: never) => unknown)
          ? CompilerAdvice<'JSON has no functions or methods. Declare the data only.'>
          : T extends readonly (infer Item)[]
            ? readonly JsonCompatible<Item, Level>[]
            : JsonObjectForm<T, Level>;

type JsonObjectForm<T, Level extends 0[]> = T extends Date
  ? CompilerAdvice<'A Date arrives as a string. Declare a string (toISOString) or a number (getTime).'>
  : T extends ArrayBufferLike | ArrayBufferView
    ? CompilerAdvice<'JSON has no binary data. Declare a string, in base64 for example.'>
    : T extends { readonly size: number; has(key: never): boolean }
      ? CompilerAdvice<'A Map or a Set arrives as {}. Declare a Record or an array.'>
      : T extends { toJSON(...args: never): unknown }
        ? CompilerAdvice<'This object arrives as the result of its toJSON(). Declare the type of that result.'>
        : T extends Error
          ? // Every object with a name and a message is assignable to Error.
            [keyof Error] extends [keyof T]
            ? CompilerAdvice<'An Error arrives as {}. Declare the data of it, its message for example.'>
            : JsonProperties<T, Level>
          : JsonProperties<T, Level>;
