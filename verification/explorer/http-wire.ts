import type { HttpAnswer } from './server-node.js';

export interface HttpRequest {
  readonly path: string;
  readonly body: string;
  readonly token: string | undefined;
}

/** One request: in transit to the server, in progress there, or answered and in transit back. */
export class HttpWire {
  state: 'asked' | 'serving' | 'answered' | 'over' = 'asked';
  answer: HttpAnswer | undefined;
  /** The client aborted it, but it may still arrive. */
  isAborted = false;
  /** The view at the time of the request. The answer applies only to this view. */
  askedFor: readonly unknown[] = [];
  private readonly gone = new AbortController();

  constructor(
    readonly request: HttpRequest,
    private readonly serve: (request: HttpRequest, gone: AbortSignal) => Promise<HttpAnswer>,
    private readonly resolve: (response: Response) => void,
    private readonly reject: (error: Error) => void,
    private readonly delivering: (answer: HttpAnswer) => void,
  ) {}

  /** Whether it may start work on the server that outlives its answer. */
  get isAction(): boolean {
    return this.request.path.endsWith('/actions');
  }

  arrive(): void {
    this.state = 'serving';
    void this.serve(this.request, this.gone.signal).then((answer) => {
      this.answer = answer;
      this.state = this.isAborted ? 'over' : 'answered';
    });
  }

  deliver(): void {
    const { answer } = this;
    if (answer === undefined) return;
    this.state = 'over';
    this.delivering(answer);
    const { status, body } = answer;
    const headers = { get: () => null };
    this.resolve({ status, headers, text: () => Promise.resolve(body) } as unknown as Response);
  }

  /** Something before the server answers instead of it: a login page of a proxy or a captive portal. */
  answerForeign(status: number): void {
    this.state = 'over';
    this.gone.abort();
    const headers = { get: () => null };
    this.resolve({ status, headers, text: () => Promise.resolve('<html>Sign in</html>') } as unknown as Response);
  }

  /** The request or its answer is lost, and the client gets an error. */
  lose(): void {
    if (this.state === 'answered' || this.state === 'asked') this.state = 'over';
    this.isAborted = true;
    this.gone.abort();
    this.reject(new TypeError('fetch failed'));
  }

  abort(): void {
    if (this.state === 'over') return;
    this.isAborted = true;
    if (this.state === 'answered' || !this.isAction) this.state = 'over';
    this.gone.abort();
    this.reject(new Error('aborted'));
  }
}
