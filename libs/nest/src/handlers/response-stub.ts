/** Application code sent an HTTP response in a realtime context, which has none. */
export class ResponseSentError extends Error {
  override readonly name = 'ResponseSentError';

  constructor(
    /** The method that the code called. */
    readonly method: string,
    /** The function of the method, which is no part of the stack. */
    implementation: () => never,
  ) {
    super(
      `A realtime context has no HTTP response, but the code called "${method}" of it. Return { code, message } instead.`,
    );
    Error.captureStackTrace(this, implementation);
  }

  /** The line of the stack that names the code, such as `HttpFilter.catch (/app/http.filter.js:12:20)`. */
  get caller(): string | undefined {
    return /^ {4}at (.*)$/m.exec(this.stack ?? '')?.[1];
  }
}

type HeaderValue = string | number | readonly string[];

/**
 * The result of `switchToHttp().getResponse()`. Takes headers and a status, as responses of Express, Fastify and Node
 * do, and sends none of them: guards such as the one of `@nestjs/throttler` tell a caller its limits that way. Sending
 * throws, so that an enhancer made for HTTP fails visibly.
 */
export class ResponseStub {
  statusCode = 200;
  readonly headersSent = false;
  readonly sent = false;
  readonly writableEnded = false;
  readonly locals: Record<string, unknown> = {};
  private headerValues: Map<string, HeaderValue> | undefined;

  /** The response of Node under a reply of Fastify. */
  get raw(): this {
    return this;
  }

  status(code: number): this {
    this.statusCode = code;
    return this;
  }

  /** Takes one header, or an object of headers. */
  setHeader(name: string | object, value: HeaderValue): this {
    this.headerValues ??= new Map();
    const entries = typeof name === 'string' ? [[name, value] as const] : Object.entries(name);
    for (const [key, entry] of entries) this.headerValues.set(key.toLowerCase(), entry as HeaderValue);
    return this;
  }

  /** Adds a value to those that the header has. */
  appendHeader(name: string, value: HeaderValue): this {
    const earlier = this.getHeader(name);
    return this.setHeader(name, earlier === undefined ? value : [earlier, value].flat().map(String));
  }

  getHeader(name: string): HeaderValue | undefined {
    return this.headerValues?.get(name.toLowerCase());
  }

  getHeaders(): Record<string, HeaderValue> {
    return Object.fromEntries(this.headerValues ?? []);
  }

  getHeaderNames(): string[] {
    return [...(this.headerValues?.keys() ?? [])];
  }

  hasHeader(name: string): boolean {
    return this.headerValues?.has(name.toLowerCase()) ?? false;
  }

  removeHeader(name: string): this {
    this.headerValues?.delete(name.toLowerCase());
    return this;
  }
}

/** The same methods under the names of Express and Fastify. */
const ALIASES = {
  code: 'status',
  header: 'setHeader',
  headers: 'setHeader',
  set: 'setHeader',
  append: 'appendHeader',
  get: 'getHeader',
} as const;

/** Methods that take something and return the response. Listeners hear nothing, because no response ends. */
const IGNORED = [
  ...['type', 'contentType', 'vary', 'links', 'location', 'cookie', 'setCookie', 'clearCookie', 'unsetCookie'],
  ...['on', 'once', 'off', 'addListener', 'removeListener', 'setTimeout'],
];

const SENDING = [
  ...[
    'send',
    'json',
    'jsonp',
    'end',
    'write',
    'writeHead',
    'writeContinue',
    'sendStatus',
    'redirect',
    'render',
    'sendFile',
  ],
  ...['download', 'attachment', 'format', 'flushHeaders', 'hijack', 'serialize', 'view'],
];

for (const [name, same] of Object.entries(ALIASES)) {
  define(name, Object.getOwnPropertyDescriptor(ResponseStub.prototype, same)?.value);
}
for (const name of IGNORED) {
  define(name, function (this: ResponseStub) {
    return this;
  });
}
for (const name of SENDING) {
  const send = (): never => {
    throw new ResponseSentError(name, send);
  };
  define(name, send);
}

function define(name: string, value: unknown): void {
  Object.defineProperty(ResponseStub.prototype, name, { value, configurable: true, writable: true });
}
