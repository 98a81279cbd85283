import { jest } from '@jest/globals';

export interface FakeAnswer {
  readonly status?: number;
  readonly body?: unknown;
}

/** Replaces `fetch` by answers by method and path; what is not listed is not found. Returns the requests made. */
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
