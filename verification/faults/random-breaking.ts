import type { FaultProxy, Fate, HttpFate, Side, Tunnel, Way } from './support/fault-proxy/index.js';
import type { Seeded } from './support/seed.js';

const WAYS: readonly Way[] = ['to-server', 'to-client', 'both'];
const SIDES: readonly Side[] = ['client', 'server'];
const FATES: readonly Fate[] = ['pass', 'refuse', 'reject', 'reset', 'reset-accepted', 'end-after-1s', 'hold'];
const HTTP_FATES: readonly HttpFate[] = ['pass', 'pass', 'hang', 'twice', 'replayed', 'cut', 502, 504];

/** What happens to one connection. */
const TO_ONE: Readonly<Record<string, (tunnel: Tunnel, random: Seeded) => void>> = {
  reset: (tunnel) => tunnel.reset(),
  fin: (tunnel) => tunnel.end(),
  freeze: (tunnel, { between }) => tunnel.freeze(between(50, 2_500)),
  'half-open': (tunnel, { pick }) => tunnel.halfOpen(pick(SIDES)),
  'black hole': (tunnel, { pick }) => tunnel.hold(pick(WAYS)),
  '1-byte slices': (tunnel) => (tunnel.weather = { slice: 1 }),
  throttle: (tunnel, { between }) => (tunnel.weather = { bytesPerSecond: between(500, 20_000) }),
  latency: (tunnel, { between }) => (tunnel.weather = { latency: between(1, 200), jitter: between(0, 200) }),
};

/** What happens to all. */
const TO_ALL: Readonly<Record<string, (proxy: FaultProxy, random: Seeded) => void>> = {
  outage: (proxy, { between, pick }) => {
    proxy.blackhole(pick(WAYS));
    setTimeout(() => proxy.release(), between(100, 1_500));
  },
  cut: (proxy) => proxy.tunnels.forEach((tunnel) => tunnel.reset()),
  'other upgrades': (proxy, { pick }) => (proxy.fate = () => pick(FATES)),
  'other answers': (proxy, { pick }) => (proxy.httpFate = () => pick(HTTP_FATES)),
  'better weather': (proxy) => proxy.heal(),
};

/** Breaks one connection, or sometimes the whole network, and says how. */
export function breakSomething(proxy: FaultProxy, random: Seeded): string {
  return random.random() < 0.85 ? breakOne(proxy, random) : breakAll(proxy, random);
}

function breakOne(proxy: FaultProxy, random: Seeded): string {
  const { tunnels } = proxy;
  if (tunnels.length === 0) return 'nothing to break';
  const kind = random.pick(Object.keys(TO_ONE));
  TO_ONE[kind]!(random.pick(tunnels), random);
  return kind;
}

function breakAll(proxy: FaultProxy, random: Seeded): string {
  const kind = random.pick(Object.keys(TO_ALL));
  TO_ALL[kind]!(proxy, random);
  return kind;
}
