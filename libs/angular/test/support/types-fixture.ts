import { signal, type Injector } from '@angular/core';
import {
  injectAction,
  injectEvents,
  injectTopic,
  provideRealtime,
  RealtimeService,
  withAuth,
  withPolling,
  type ActionOutcome,
  type ClientErrorCode,
} from '@statewire/angular';
import { RealtimeTestingController } from '@statewire/angular/testing';
import type { Observable } from 'rxjs';

import { battle, first, mine, notices, pause, type Battle } from './contract.js';

declare const realtime: RealtimeService;
declare const server: RealtimeTestingController;
declare const injector: Injector;

export const state$: Observable<Battle> = realtime.state(battle.with({ battleId: '42' }));

// @ts-expect-error a parameter is missing
realtime.state(battle.with());
// @ts-expect-error a parameter has the wrong name
injectTopic(() => battle.with({ id: '42' }));
// @ts-expect-error a parameter has the wrong type
injectTopic(() => battle.with({ battleId: 42 }));
// @ts-expect-error an event topic has no state
realtime.state(mine);
// @ts-expect-error an event topic has no state
injectTopic(() => notices.with({ playerId: 'me' }));
// @ts-expect-error a state topic has no events
realtime.events(first);
injectEvents(
  // @ts-expect-error a state topic has no events
  () => first,
  () => undefined,
);
injectEvents(
  () => mine,
  // @ts-expect-error the handler wants another event
  (notice: { readonly title: string }) => notice,
);

const resource = injectTopic(() => first);
// @ts-expect-error there may be no value yet
export const tooEarly: Battle = resource.value();
if (resource.hasValue()) {
  const value: Battle = resource.value();
  const offset: number | undefined = resource.position()?.offset;
  // @ts-expect-error the value has no such field
  value.hp = offset;
}
export const code: ClientErrorCode | undefined = resource.error()?.code;
// @ts-expect-error a resource of a topic is read, never written
resource.set({ tick: 1 });

export const result$: Observable<{ readonly paused: boolean }> = realtime.act(pause, { battleId: '1' });
// @ts-expect-error the action answers something else
export const wrongResult$: Observable<string> = realtime.act(pause, { battleId: '1' });
// @ts-expect-error a field is missing
realtime.act(pause, {});
// @ts-expect-error a field has the wrong type
realtime.act(pause, { battleId: 1 });
// @ts-expect-error there is no such field
realtime.act(pause, { battleId: '1', force: true });

realtime.act(pause, { battleId: '1' }, { optimistic: [first, (value) => ({ ...value, tick: value.tick + 1 })] });
realtime.act(pause, { battleId: '1' }, { expiresAfterMs: 0, optimistic: [[first, (value) => value]] });
// @ts-expect-error the topic has other values
realtime.act(pause, { battleId: '1' }, { optimistic: [first, () => ({ turn: 1 })] });
// @ts-expect-error an event topic has no value to update
realtime.act(pause, { battleId: '1' }, { optimistic: [mine, (notice) => notice] });
const pending: number = resource.pending();
// @ts-expect-error there may be no confirmed value yet
export const confirmed: Battle = pending === 0 && resource.confirmed();

const pausing = injectAction(pause, { injector });
export const outcome: Promise<ActionOutcome<{ readonly paused: boolean }>> = pausing.run({ battleId: '1' });
void outcome.then(({ result, error }) => (error === undefined ? result.paused : error.code));
// @ts-expect-error a run that failed has no result
void outcome.then(({ result }) => result.paused);
// @ts-expect-error there may be no result yet
export const early: boolean = pausing.result().paused;
// @ts-expect-error a field is missing
void pausing.run({});
void pausing.run(
  { battleId: '1' },
  { expiresAfterMs: 0, optimistic: [first, (value) => ({ ...value, tick: value.tick + 1 })] },
);
// @ts-expect-error the topic has other values
void pausing.run({ battleId: '1' }, { optimistic: [first, () => ({ turn: 1 })] });
injectTopic(() => first, { injector });
injectEvents(
  () => mine,
  () => undefined,
  { injector, since: 'oldest', onError: ({ code }) => void code.length },
);

provideRealtime();
provideRealtime(withAuth(signal<string | undefined>('token')), withPolling({ enabled: false }));
provideRealtime(withAuth(() => signal<string | undefined>('token')));
// @ts-expect-error a token is a string
withAuth(signal(42));
// @ts-expect-error the configuration comes first
provideRealtime(withPolling({}), { origin: 'https://api.example' });
provideRealtime(
  { origin: 'https://api.example' },
  withAuth(() => Promise.resolve('token')),
  withPolling({ waitMs: 20_000 }),
);
// @ts-expect-error polling is a feature and not a part of the configuration
provideRealtime({ polling: { intervalMs: 1_000 } });
// @ts-expect-error a token is a string
withAuth(() => 42);

server.publish(first, { tick: 1 });
// @ts-expect-error the topic has other values
server.publish(first, { hp: 1 });
// @ts-expect-error the topic has other values
server.publish(first, {});
// @ts-expect-error an event topic has no state
server.publish(mine, { text: 'hello' });
// @ts-expect-error the topic has other events
server.emit(mine, { title: 'hello' });
// @ts-expect-error the action answers something else
server.expectAction(pause).respond({ paused: 'yes' });
