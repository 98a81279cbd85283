/** @jest-environment node */
import { join } from 'node:path';

import { expect, test } from '@jest/globals';
import ts from 'typescript';

test('wrong parameters, wrong data and wrong results do not compile', () => {
  const folder = join(__dirname, '..');
  const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
  const program = ts.createProgram([join(__dirname, 'support', 'types-fixture.ts')], options);

  const complaints = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file === undefined ? 0 : ts.getLineAndCharacterOfPosition(file, start ?? 0).line + 1;
    return `${file?.fileName}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });

  expect(complaints).toEqual([]);
}, 60_000);
