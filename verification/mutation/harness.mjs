import { createRequire } from 'node:module';
import { format } from 'node:util';

// The functions of `@jest/globals` without the module registry of Jest, which takes seconds per run.
const require = createRequire(createRequire(import.meta.url).resolve('@jest/globals'));
const { ModuleMocker } = require('jest-mock');
const mocker = new ModuleMocker(globalThis);

export const { jestExpect: expect } = require('@jest/expect');
export const jest = { fn: mocker.fn.bind(mocker), spyOn: mocker.spyOn.bind(mocker) };

/** All tests of all specs that were imported, each with the hooks around it. */
export const tests = [];

let suite = { name: '', before: [], after: [] };

export function describe(name, define) {
  const outer = suite;
  suite = { name: `${outer.name}${name} `, before: [...outer.before], after: [...outer.after] };
  define();
  suite = outer;
}

export function test(name, run, timeout) {
  tests.push({ name: `${suite.name}${name}`, suite, run, timeout });
}

export const it = test;
export const beforeEach = (hook) => suite.before.push(hook);
export const afterEach = (hook) => suite.after.unshift(hook);
export const beforeAll = beforeEach;
export const afterAll = afterEach;

describe.each = eachOf(describe);
test.each = eachOf(test);
test.skip = () => {};
describe.skip = () => {};

function eachOf(define) {
  return (table) => (name, run, timeout) => {
    for (const row of table) {
      const args = Array.isArray(row) ? row : [row];
      define(nameOf(name, args), () => run(...args), timeout);
    }
  };
}

function nameOf(name, args) {
  const [first] = args;
  const named = name.replace(/\$(\w+)/g, (whole, key) => (first?.[key] === undefined ? whole : String(first[key])));
  const places = (named.match(/%[sdifjop]/g) ?? []).length;
  return places === 0 ? named : format(named.replaceAll('%p', '%j'), ...args.slice(0, places));
}

/** @throws the errors of the test, of its hooks, and of work that it left running. */
export async function runTest({ suite: { before, after }, run }, timeout) {
  let stray;
  const onStray = (error) => (stray ??= { error });
  process.on('uncaughtException', onStray);
  process.on('unhandledRejection', onStray);
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not settled within ${timeout} ms`)), timeout);
  });
  const all = async () => {
    expect.setState({ assertionCalls: 0, expectedAssertionsNumber: null, isExpectingAssertions: false });
    try {
      for (const hook of before) await hook();
      await run();
      for (const { error } of expect.extractExpectedAssertionsErrors()) throw error;
    } finally {
      for (const hook of after) await hook();
    }
  };
  try {
    await Promise.race([all(), late]);
    // Node reports unhandled rejections after the microtasks.
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (stray) throw stray.error;
  } finally {
    clearTimeout(timer);
    process.off('uncaughtException', onStray);
    process.off('unhandledRejection', onStray);
    jest.restoreAllMocks?.();
    mocker.restoreAllMocks();
  }
}
