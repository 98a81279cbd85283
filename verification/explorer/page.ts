import type { RealtimeClient, TopicState } from '@statewire/client';
import type { Position, ServerFrame, SubscribeFrame } from '@statewire/protocol';
import type { VirtualEnvironment } from '@statewire/testing';
import type { Subscription } from 'rxjs';

import { BOARD, move, NOTICES, TOKENS, type Board, type Token } from './contract.js';
import type { Truth } from './truth.js';
import { UpdatesOracle } from './updates-oracle.js';
import type { Verdict } from './verdict.js';

type BoardState = TopicState<Board>;

interface Answer {
  state: 'unanswered' | 'acknowledged' | 'failed';
  code?: string;
  run?: number;
}

interface BoardView {
  last: BoardState | undefined;
}

interface NoticesView {
  /** The start position; undefined before the answer of the server. */
  from: Position | undefined;
  /** The last shown value. */
  at: Position | undefined;
}

/** Checks the values that a page shows against the promises of the client. */
export class Page {
  readonly answers: Answer[] = [];
  isHidden = false;
  private boardView: BoardView | undefined;
  private noticesView: NoticesView | undefined;
  private follows: { board?: Subscription; notices?: Subscription } = {};
  /** The last view of each transport. */
  private readonly askedFor = new WeakMap<object, { readonly view: NoticesView; readonly ref: string | undefined }>();
  /** The newest shown position of the board. */
  private shown: Position | undefined;
  private mayBeUnknown = false;
  private readonly updates: UpdatesOracle;

  /** @param effects the position of the board after each action, by name. */
  constructor(
    readonly client: RealtimeClient,
    private readonly truth: Truth,
    private readonly verdict: Verdict,
    public token: Token,
    effects: ReadonlyMap<string, Position>,
    private readonly environment: Pick<VirtualEnvironment, 'hidePage' | 'showPage'>,
  ) {
    this.updates = new UpdatesOracle(effects, verdict);
  }

  get followsBoard(): boolean {
    return this.boardView !== undefined;
  }

  get followsNotices(): boolean {
    return this.noticesView !== undefined;
  }

  get views(): readonly unknown[] {
    return [this.boardView, this.noticesView];
  }

  hide(): void {
    this.isHidden = true;
    this.environment.hidePage();
  }

  show(): void {
    this.isHidden = false;
    this.environment.showPage();
  }

  followBoard(): void {
    const view: BoardView = { last: undefined };
    this.boardView = view;
    this.follows.board = this.client.topic(BOARD).subscribe((state) => this.showBoard(view, state));
  }

  leaveBoard(): void {
    this.follows.board?.unsubscribe();
    this.boardView = undefined;
  }

  followNotices(): void {
    const view: NoticesView = { from: undefined, at: undefined };
    this.noticesView = view;
    this.follows.notices = this.client.deliveries(NOTICES).subscribe((delivery) => {
      if (delivery.type === 'lost') this.showLost(view, delivery.position);
      else this.showNotice(view, delivery.position, delivery.data);
    });
  }

  leaveNotices(): void {
    this.follows.notices?.unsubscribe();
    this.noticesView = undefined;
  }

  /** @param isOptimistic whether the page shows the effect at once, as a mark with the name of the action. */
  act(isOptimistic = false): void {
    const answer: Answer = { state: 'unanswered' };
    const name = nameOf(this.answers.push(answer));
    if (isOptimistic) this.updates.sent(name);
    const mark = (value: Board): Board => ({ ...value, marks: [...(value.marks ?? []), name] });
    this.client.act(move, { by: name }, isOptimistic ? { optimistic: [BOARD, mark] } : {}).subscribe({
      next: ({ run }) => {
        Object.assign(answer, { state: 'acknowledged', run });
        this.updates.answered(name, 'done');
      },
      error: ({ code }: { code: string }) => {
        Object.assign(answer, { state: 'failed', code });
        this.updates.answered(name, 'failed');
      },
    });
  }

  authenticate(token: Token): void {
    this.token = token;
    // If the server cannot compare identities, the sent actions may belong to another identity.
    if (this.client.status.state !== 'live') this.mayBeUnknown = true;
    this.client.reauthenticate();
  }

  /** Records a request for topics: over a socket, whose latest `subscribe` counts, or over HTTP. */
  asked(way: object, { topics, ref }: Pick<SubscribeFrame, 'topics' | 'ref'>): void {
    const view = this.noticesView;
    if (view && topics.some(({ topic }) => topic === NOTICES.name)) this.askedFor.set(way, { view, ref });
  }

  /** Records frames at the client. From the first `subscribed` on, no notice may be lost silently. */
  heard(way: object, frames: readonly ServerFrame[]): void {
    const asked = this.askedFor.get(way);
    for (const frame of frames) {
      if (frame.type !== 'subscribed' || frame.topic !== NOTICES.name) continue;
      if (asked !== undefined && asked.ref === frame.ref) {
        asked.view.from ??= { epoch: frame.epoch, offset: frame.offset };
      }
    }
  }

  /** Checks that every action ran at most once, and that every acknowledged action ran. */
  checkActions(runs: ReadonlyMap<string, number>): void {
    this.answers.forEach(({ state, run }, index) => {
      const count = runs.get(nameOf(index + 1)) ?? 0;
      this.verdict.demand(count <= 1, () => `action ${index + 1} ran ${count} times`);
      if (state !== 'acknowledged') return;
      this.verdict.demand(
        count === 1 && run === 1,
        () => `action ${index + 1} was acknowledged and ran ${count} times`,
      );
    });
  }

  /** Returns the broken guarantees once no message is in transit. */
  problems(): readonly string[] {
    const problems = [...this.boardProblems(), ...this.noticesProblems(), ...this.actionProblems()];
    if (this.token === 'rejected') problems.splice(0, Infinity, ...this.rejectionProblems());
    return problems.map((problem) => `${problem}, while the client says ${JSON.stringify(this.client.status)}`);
  }

  /** A rejected client must get the reason. */
  private *rejectionProblems(): Iterable<string> {
    const { status } = this.client;
    if (status.state === 'idle') return;
    if (status.state !== 'denied' || status.reason.code !== 'unauthorized')
      yield 'the client is rejected without a reason';
  }

  private *boardProblems(): Iterable<string> {
    const { boardView: view, truth } = this;
    if (view === undefined) return;
    const error = view.last?.error?.code;
    if (!(TOKENS[this.token].topics as readonly string[]).includes(BOARD.name)) {
      if (error !== 'forbidden') yield 'the board may not be read and did not err';
      return;
    }
    if (error !== undefined) yield `the board may be read and erred with ${error}`;
    const { pending = 0, position, freshness } = view.last ?? {};
    if (pending > 0) yield `${pending} updates of the board are still shown`;
    if (!this.isAtTop(BOARD.name, position)) {
      yield `the board stands at ${truth.top(BOARD.name)?.offset} and is shown at ${position?.offset}`;
    } else if (freshness?.state !== 'live') {
      yield `the board is up to date and shown as ${freshness?.state}`;
    }
  }

  private *noticesProblems(): Iterable<string> {
    const { noticesView: view, truth } = this;
    if (view === undefined || this.isAtTop(NOTICES.name, view.at ?? view.from)) return;
    const shown = `shown up to ${view.at?.offset}, followed from ${view.from?.offset}`;
    yield `notices stand at ${truth.top(NOTICES.name)?.offset}, ${shown}`;
  }

  private *actionProblems(): Iterable<string> {
    for (const [index, { state, code }] of this.answers.entries()) {
      if (state === 'unanswered') yield `action ${index + 1} was never answered`;
      const isExpected = code === 'outcome_unknown' && this.mayBeUnknown;
      if (state === 'failed' && !isExpected) yield `action ${index + 1} failed with ${code}`;
    }
  }

  private isAtTop(topic: string, position: Position | undefined): boolean {
    const top = this.truth.top(topic);
    return position !== undefined && position.epoch === top?.epoch && position.offset === top.offset;
  }

  private showBoard(view: BoardView, state: BoardState): void {
    const { truth, verdict } = this;
    const { value, confirmed, position, error } = state;
    view.last = state;
    this.updates.shown(state);
    verdict.demand(
      (value === undefined) === (confirmed === undefined),
      () => `the board is ${value === undefined ? 'known and not shown' : 'shown and not known'}`,
    );
    if (error?.code === 'forbidden') {
      verdict.demand(confirmed === undefined, () => 'the board is kept although the right to see it is gone');
    }
    if (position === undefined) {
      verdict.demand(confirmed === undefined, () => 'there is a value without a position');
      return;
    }
    const at = `${position.epoch}:${position.offset}`;
    const shown = JSON.stringify(confirmed);
    verdict.demand(truth.knows(BOARD.name, position), () => `the board is shown at ${at}, where it never was`);
    verdict.demand(shown === truth.at(BOARD.name, position), () => `the board is shown at ${at} with another value`);
    if (this.shown !== undefined) {
      const { shown: last } = this;
      verdict.demand(
        truth.isInOrder(BOARD.name, last, position),
        () => `the board went back from ${last.offset} to ${at}`,
      );
    }
    this.shown = position;
  }

  private showNotice(view: NoticesView, position: Position, data: unknown): void {
    const { truth, verdict } = this;
    const { epoch, offset } = position;
    const last = view.at ?? view.from;
    verdict.demand(JSON.stringify(data) === truth.at(NOTICES.name, position), () => `notice ${offset} is another one`);
    if (last !== undefined) {
      const follows = last.epoch === epoch && offset === last.offset + 1;
      verdict.demand(follows, () => `notice ${epoch}:${offset} came after ${last.epoch}:${last.offset}`);
    }
    view.at = position;
  }

  private showLost(view: NoticesView, position: Position): void {
    const { truth, verdict } = this;
    const last = view.at ?? view.from;
    const isTold = last !== undefined && truth.isInOrder(NOTICES.name, last, position) && !isSame(last, position);
    verdict.demand(isTold, () => `notices were said to be lost up to ${position.offset} after ${last?.offset}`);
    const isKept = last?.epoch === position.epoch && last.offset + 1 >= truth.oldest(NOTICES.name, position.epoch);
    verdict.demand(!isKept, () => `notices were said to be lost although ${(last?.offset ?? 0) + 1} is kept`);
    view.at = position;
  }
}

function isSame(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.offset === b.offset;
}

function nameOf(action: number): string {
  return `action ${action}`;
}
