import { jest } from '@jest/globals';

export interface FakeAnswer {
  readonly status?: number;
  readonly body?: unknown;
}

/** Replaces `fetch` by responses per method and path. Other requests get 404. @returns the requests. */
export function fakeFetch(answers: Readonly<Record<string, FakeAnswer | (() => FakeAnswer)>>): string[] {
  const requests: string[] = [];
  globalThis.fetch = jest.fn<typeof fetch>(async (input, init) => {
    const key = `${init?.method ?? 'GET'} ${input as string}`;
    requests.push(key);
    const listed = answers[key];
    const { status = 200, body } = (typeof listed === 'function' ? listed() : listed) ?? { status: 404 };
    return { ok: status < 400, status, json: async () => body } as Response;
  });
  return requests;
}
