/** @jest-environment node */
import { join } from 'node:path';

import { expect, test } from '@jest/globals';
import ts from 'typescript';

const folder = join(__dirname, '..');
const support = join(__dirname, 'support');

/** Returns the messages of the compiler for one file. `text` replaces its content. */
function compile(file: string, text?: string): readonly string[] {
  const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  if (text !== undefined) {
    host.readFile = (path) => (path === file ? text : readFile(path));
    host.fileExists = (path) => path === file || fileExists(path);
  }
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file === undefined ? 0 : ts.getLineAndCharacterOfPosition(file, start ?? 0).line + 1;
    return `${file?.fileName}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

test('wrong parameters, wrong data and wrong results do not compile', () => {
  expect(compile(join(support, 'types-fixture.ts'))).toEqual([]);
}, 60_000);

test('the compiler names the missing call of with(), and the wrong part of an optimistic update', () => {
  const file = join(support, 'mistakes.ts');
  const mistakes = {
    'injectTopic(() => battle);': 'Call .with(…) on the topic',
    'realtime.state(battle);': 'Call .with(…) on the topic',
    'realtime.events(notices);': 'Call .with(…) on the topic',
    'pausing.run(data, { optimistic: [battle, (value) => value] });': 'Call .with(…) on the topic',
    'pausing.run(data, { optimistic: [[first, (v) => v], [battle, (v) => v]] });': 'Call .with(…) on the topic',
    "pausing.run(data, { optimistic: [first, () => ({ tick: '1' })] });":
      "Type 'string' is not assignable to type 'number'",
    'pausing.run(data, { optimistic: [first, () => ({})] });': "Property 'tick' is missing in type '{}'",
    'pausing.run(data, { optimistic: [first, (v) => { void v; }] });': "Type 'void' is not assignable to type 'Battle'",
    "battle.with({ id: '1' });": "'id' does not exist in type 'TopicParameters<\"battles/:battleId\">'",
  };
  const head =
    "import { injectAction, injectTopic, type RealtimeService } from '@statewire/angular';" +
    "import { battle, first, notices, pause } from './contract.js';" +
    "declare const realtime: RealtimeService; const pausing = injectAction(pause); const data = { battleId: '1' };";
  const messages = compile(file, [head, ...Object.keys(mistakes)].join('\n'));
  const ofEach = Object.keys(mistakes).map((_, index) =>
    messages.filter((text) => text.includes(`:${index + 2} `)).join(),
  );
  expect(ofEach).toEqual(Object.values(mistakes).map((advice) => expect.stringContaining(advice)));
}, 60_000);
