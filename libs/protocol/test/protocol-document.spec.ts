import { readFileSync } from 'node:fs';

import { describe, expect, test } from '@jest/globals';

import {
  applyDelta,
  CLIENT_FRAME_LIMITS,
  CLOSE_CODES,
  ERROR_CODES,
  ERROR_MEANINGS,
  MAX_DELTA_DEPTH,
  MAX_VALUE_DEPTH,
  parseClientFrame,
  parsePollRequest,
  parsePollResponse,
  parseServerFrame,
  ProtocolError,
  SERVER_FRAME_LIMITS,
  SUBPROTOCOL,
  VERSION_HEADER,
  type ErrorCode,
  type Json,
} from '../src/index.js';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');
const document = read('../../../PROTOCOL.md');
const sources = ['frames', 'http', 'position', 'presence'].map((name) => read(`../src/${name}.ts`)).join('\n');

/** The cells of the table that has this header, row by row. */
function tableOf(...header: string[]): string[][] {
  const rows = document.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  const start = rows.findIndex((cells) => cells.join() === header.join());
  const end = rows.findIndex((cells, index) => index > start && cells.length === 0);
  return rows.slice(start + 2, end);
}

function blocksOf(language: string): string[] {
  return [...document.matchAll(/^```(\w+)\n(.*?)^```/gms)].flatMap(([, tag, text]) =>
    tag === language ? [text!] : [],
  );
}

/** Interfaces by name, without comments, `readonly` and layout. */
function interfacesOf(text: string): Map<string, string> {
  const bare = text.replace(/\/\*.*?\*\/|\/\/.*?$/gms, '').replace(/\breadonly /g, '');
  const found = bare.matchAll(/^(?:export )?interface (\w+[^{]*?) \{\n(.*?)^\}/gms);
  return new Map([...found].map(([, name, body]) => [name!, body!.replace(/\s+/g, ' ').trim()]));
}

describe('PROTOCOL.md', () => {
  test('has the error codes of the code', () => {
    const rows = Object.entries(ERROR_CODES).map(([code, { temporary, status }]) => [
      `\`${code}\``,
      temporary ? 'yes' : 'no',
      String(status),
      ERROR_MEANINGS[code as ErrorCode],
    ]);
    expect(tableOf('code', 'temporary', 'HTTP', 'meaning')).toEqual(rows);
  });

  test('has the close codes of the code', () => {
    const rows = Object.values(CLOSE_CODES).map(({ code, meaning }) => [String(code), meaning]);
    expect(tableOf('code', 'meaning')).toEqual(rows);
  });

  test('shows every frame and body exactly as in the code', () => {
    const shown = interfacesOf(blocksOf('typescript').join('\n'));
    const real = interfacesOf(sources);
    real.set('TopicPosition', `topic: string; ${real.get('Position')!}`);
    real.delete('TopicPosition extends Position');
    expect(Object.fromEntries(shown)).toEqual(Object.fromEntries(real));
  });

  test('names the constants of the code', () => {
    expect(document).toContain(`\`${SUBPROTOCOL}\``);
    expect(document.toLowerCase()).toContain(`\`${VERSION_HEADER}: 1\``);
    expect(document).toContain(`nested at most ${MAX_VALUE_DEPTH} levels`);
    expect(document).toContain(`nested up to ${SERVER_FRAME_LIMITS.depth} levels`);
    expect(document).toContain(`Changes nest at most ${MAX_DELTA_DEPTH} levels`);
    expect(tableOf('limit', 'default', 'above it').slice(0, 2)).toEqual([
      ['frame, or body of an action', `${CLIENT_FRAME_LIMITS.bytes / 1024} KiB`, '`too_large`, 413 or 1009'],
      ['nesting of a frame or body', `${CLIENT_FRAME_LIMITS.depth} levels`, '`too_large`'],
    ]);
  });

  test('has a correct example of a delta', () => {
    const [before, delta, after] = blocksOf('json').map((text) => JSON.parse(text) as Json);
    expect(applyDelta(before!, delta!)).toEqual(after);
  });

  test('links only to headings and files that exist', () => {
    const anchors = [...document.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\w\- ]/g, '')
        .replace(/ /g, '-'),
    );
    const links = [...document.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target!);
    for (const link of links) {
      if (link.startsWith('#')) expect(anchors).toContain(link.slice(1));
      else expect(read(`../../../${link}`)).not.toBe('');
    }
    expect(links.length).toBeGreaterThan(10);
  });
});

describe('the sequences of PROTOCOL.md', () => {
  const lines = blocksOf('text').flatMap((block) => block.trim().split('\n'));
  const of = (start: string) => lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
  /** The last sequence shows a rejected frame and its answer. */
  const [bad] = of('→ {').slice(-1);

  test('contain only frames and polls', () => {
    const frameLines = [...of('→ {'), ...of('← {'), ...of('→ POST /realtime/poll '), ...of('← 200 ')];
    expect(frameLines).toHaveLength(lines.length);
    expect(lines.length).toBeGreaterThan(40);
  });

  test.each(of('→ {').slice(0, -1))('the server parses {%s', (text) => {
    expect(parseClientFrame(`{${text}`, CLIENT_FRAME_LIMITS)).toEqual(JSON.parse(`{${text}`));
  });

  test.each(of('← {'))('the client parses {%s', (text) => {
    expect(parseServerFrame(`{${text}`)).toEqual(JSON.parse(`{${text}`));
  });

  test.each(of('→ POST /realtime/poll '))('the server parses the poll %s', (text) => {
    expect(parsePollRequest(text, CLIENT_FRAME_LIMITS)).toEqual(JSON.parse(text));
  });

  test.each(of('← 200 '))('the client parses the poll answer %s', (text) => {
    expect(parsePollResponse(text)).toEqual(JSON.parse(text));
  });

  test('show the real error for a bad frame', () => {
    const answer = parseServerFrame(`{${of('← {').at(-1)!}`);
    try {
      parseClientFrame(`{${bad!}`, CLIENT_FRAME_LIMITS);
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
      const { code, message, correlation } = error as ProtocolError;
      expect({ type: 'error', code, message, temporary: ERROR_CODES[code].temporary, ...correlation }).toEqual(answer);
    }
    expect.assertions(2);
  });
});
