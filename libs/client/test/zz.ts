import { setUp, battle, battleAt, pause, notices } from './support/bench.js';
const H = 3600000;
// 1 token variants
const variants: Record<string, any> = { empty: () => '', throwSync: () => { throw new Error('x'); }, num: () => 5, hang: () => new Promise(() => {}), thenable: () => ({ then(r: any) { r('tok'); } }), promiseNum: async () => 7, obj: () => ({ token: 'x' }), emptyP: async () => '' };
for (const [n, token] of Object.entries(variants)) for (const [tn, o] of [['ws', {}], ['poll', { environment: { openWebSocket: undefined } }]] as any) {
  let calls = 0; let ok = false;
  const { environment, server, client } = setUp({ ...o, token: () => { calls++; return ok ? 'good' : token(); } });
  server.publish(battle, battleAt(1));
  let last: any; client.topic(battle).subscribe((s) => (last = s), (e) => (last = { ERR: e.code }));
  await environment.advance(600_000);
  const st: any = client.status; const c = calls; ok = true; client.reauthenticate();
  await environment.advance(3_000);
  console.log('token', n, tn, '=>', st.state, st.reason?.code, st.reason?.message, 'calls', c, '| after sign-in', client.status.state, last?.value?.tick, last?.freshness?.state);
  client.close();
}
// 2 clock set back / forward, late timers
for (const [tn, o] of [['ws', {}], ['poll', { environment: { openWebSocket: undefined } }], ['held', { environment: { openWebSocket: undefined }, polling: { waitMs: 25000 } }]] as any) for (const d of [-H, -24 * H, 24 * H, 365 * 24 * H]) {
  const { environment, server, client, states } = setUp(o);
  server.publish(battle, battleAt(1));
  let last: any; client.topic(battle).subscribe((s) => (last = s));
  await environment.advance(5_000);
  environment.setWallClock(environment.now() + d);
  await environment.advance(3_000);
  server.publish(battle, battleAt(2));
  await environment.advance(3_000);
  const st: any = client.status;
  console.log('clock', d / H, tn, st.state, st.reason?.code, 'value', last.value?.tick, last.freshness, 'entered', environment.now() - st.enteredAt, states().join());
  client.close();
}
