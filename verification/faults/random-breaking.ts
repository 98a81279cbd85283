import type { Direction, FaultProxy, HttpFault, Side, Tunnel, UpgradeFault } from './support/fault-proxy/index.js';
import type { Seeded } from './support/seed.js';

const DIRECTIONS: readonly Direction[] = ['to-server', 'to-client', 'both'];
const SIDES: readonly Side[] = ['client', 'server'];
const UPGRADE_FAULTS: readonly UpgradeFault[] = [
  ...(['pass', 'reject', 'bad-request', 'cut', 'cut-accepted', 'end-after-1s', 'hang'] as const),
];
const HTTP_FAULTS: readonly HttpFault[] = [
  ...(['pass', 'pass', 'hang', 'duplicate', 'replay', 'truncate', 'bad-gateway', 'answer-lost'] as const),
];

/** Faults of one connection. */
const TO_ONE: Readonly<Record<string, (tunnel: Tunnel, random: Seeded) => void>> = {
  cut: (tunnel) => tunnel.cut(),
  end: (tunnel) => tunnel.end(),
  freeze: (tunnel, { between }) => tunnel.freeze(between(50, 2_500)),
  'half-open': (tunnel, { pick }) => tunnel.halfOpen(pick(SIDES)),
  blackhole: (tunnel, { pick }) => tunnel.blackhole(pick(DIRECTIONS)),
  slice: (tunnel) => (tunnel.conditions = { slice: 1 }),
  bandwidth: (tunnel, { between }) => (tunnel.conditions = { bytesPerSecond: between(500, 20_000) }),
  latency: (tunnel, { between }) => (tunnel.conditions = { latency: between(1, 200), jitter: between(0, 200) }),
};

/** Faults of the whole network. */
const TO_ALL: Readonly<Record<string, (proxy: FaultProxy, random: Seeded) => void>> = {
  freeze: (proxy, { between, pick }) => {
    const direction = pick(DIRECTIONS);
    proxy.freeze(between(100, 1_500), direction);
  },
  cut: (proxy) => proxy.tunnels.forEach((tunnel) => tunnel.cut()),
  upgrades: (proxy, { pick }) => proxy.upgrades(() => pick(UPGRADE_FAULTS)),
  http: (proxy, { pick }) => proxy.http(() => pick(HTTP_FAULTS)),
  restore: (proxy) => proxy.restore(),
};

/** Breaks one connection, or sometimes the whole network. @returns the name of the fault. */
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
