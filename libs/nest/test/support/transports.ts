import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';

import type { AckFrame, ErrorFrame, Json, PollResponse, Position, ServerFrame } from '@statewire/protocol';

import type { TestApplication } from './test-application.js';

export const CLIENT_ID = 'test-client-0123456789abcdef';

interface TestAction {
  readonly id: string;
  readonly name: string;
  readonly data?: unknown;
  readonly again?: boolean;
  readonly answered?: readonly string[];
}

/** One caller on some transport, for suites that run over all of them. */
export interface TestCaller {
  act(action: TestAction): Promise<AckFrame | ErrorFrame>;
  /** The first frame for a topic without a position: `subscribed` or an error. */
  read(topic: string): Promise<ServerFrame>;
}

export interface TestTransport {
  readonly name: 'websocket' | 'http';
  open(arena: TestApplication, token?: string, clientId?: string): Promise<TestCaller>;
}

const websocket: TestTransport = {
  name: 'websocket',
  async open(arena, token, clientId = CLIENT_ID) {
    const socket = await arena.connect();
    await socket.hello(token, clientId);
    return {
      async act(action) {
        socket.send({ type: 'action', ...action });
        for (;;) {
          const frame = await socket.any();
          if ((frame.type === 'ack' || frame.type === 'error') && frame.id === action.id) return frame;
        }
      },
      async read(topic) {
        socket.send({ type: 'subscribe', topics: [{ topic }] });
        for (;;) {
          const frame = await socket.any();
          if ('topic' in frame && frame.topic === topic) return frame;
        }
      },
    };
  },
};

const http: TestTransport = {
  name: 'http',
  async open(arena, token, clientId = CLIENT_ID) {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return {
      async act(action) {
        const { json } = await post(arena, '/realtime/actions', { clientId, ...action }, headers);
        return json as unknown as AckFrame | ErrorFrame;
      },
      async read(topic) {
        const { frames } = await poll(arena, [{ topic }], { headers, clientId });
        return frames[0]!;
      },
    };
  },
};

export const TRANSPORTS: readonly TestTransport[] = [websocket, http];

export interface TestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: Readonly<Record<string, Json>>;
}

export interface TestRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** Sends one request without the header rules of `fetch`. */
export function send(
  arena: TestApplication,
  { method = 'GET', path, headers, body, signal }: TestRequest,
): Promise<TestAnswer> {
  return new Promise((resolve, reject) => {
    const target = { host: '127.0.0.1', port: arena.port, method, path, headers, signal, agent: false };
    const request = httpRequest(target, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const isJson = response.headers['content-type']?.startsWith('application/json') && text !== '';
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: isJson ? (JSON.parse(text) as TestAnswer['json']) : {},
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

export function post(
  arena: TestApplication,
  path: string,
  body: unknown,
  headers: OutgoingHttpHeaders = {},
): Promise<TestAnswer> {
  return send(arena, {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

export interface TestPollOptions {
  readonly wait?: number;
  readonly headers?: OutgoingHttpHeaders;
  readonly clientId?: string;
}

/** Polls, and rejects unless the answer is 200. */
export async function poll(
  arena: TestApplication,
  topics: readonly { readonly topic: string; readonly since?: Position | 'oldest' }[],
  { wait, headers, clientId = CLIENT_ID }: TestPollOptions = {},
): Promise<PollResponse> {
  const answer = await post(
    arena,
    '/realtime/poll',
    { clientId, topics, ...(wait === undefined ? {} : { wait }) },
    headers,
  );
  if (answer.status !== 200) throw new Error(`The poll was answered with ${answer.status}: ${answer.text}`);
  return answer.json as unknown as PollResponse;
}
