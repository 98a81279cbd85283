import { signatureOf } from './signature.js';
import { isEnabled, perform, type StepName } from './steps.js';
import { World, type WorldOptions } from './world.js';

/** What is explored: where histories begin, and what may happen in them. */
export interface Scenario {
  readonly name: string;
  /** The row of docs/reliability.md that it proves. Default: R3. */
  readonly row?: string;
  readonly world?: Partial<WorldOptions>;
  /** Steps before the first, of which `calm` delivers everything. They do not count. */
  readonly start: readonly (StepName | 'calm')[];
  /** The alphabet; a number bounds how often a step may happen in one history. */
  readonly steps: Partial<Record<StepName, number>>;
}

/** A history that breaks a promise: replay it with {@link replay}. */
export interface Counterexample {
  readonly scenario: string;
  readonly steps: readonly StepName[];
  readonly complaints: readonly string[];
}

export interface Exploration {
  readonly scenario: string;
  readonly depth: number;
  /** Different states that were reached, the first included; from each of them a history was run to its end. */
  readonly states: number;
  /** Steps taken from those states: each is a history that was run from its beginning. */
  readonly histories: number;
  /** Orders of steps those stand for, at the least: what would have been run if equal states were not recognised. */
  readonly orders: number;
  readonly counterexample: Counterexample | undefined;
}

interface Node {
  readonly steps: readonly StepName[];
  /** What may happen next. */
  readonly enabled: readonly StepName[];
  /** Ways that lead here. */
  orders: number;
}

/** Told of each history that leads to a state which another one, found before, has led to. */
export type OnEqual = (steps: readonly StepName[], earlier: readonly StepName[]) => void;

/**
 * Tries every order of the steps that are possible, to the given depth, the short ones first, so that the first
 * counterexample is a shortest one.
 */
export async function explore(scenario: Scenario, depth: number, onEqual?: OnEqual): Promise<Exploration> {
  const known = new Map<string, Node>();
  let [histories, orders] = [0, 0];
  const end = (counterexample?: Counterexample): Exploration => {
    return { scenario: scenario.name, depth, states: known.size, histories, orders, counterexample };
  };
  const first = await visit(scenario, []);
  if (first.complaints.length > 0) return end({ scenario: scenario.name, steps: [], complaints: first.complaints });
  known.set(first.signature, { steps: [], enabled: first.enabled, orders: 1 });
  let level = [...known.values()];
  for (let length = 1; length <= depth && level.length > 0; length++) {
    const next = new Map<string, Node>();
    for (const node of level) {
      for (const step of node.enabled) {
        const steps = [...node.steps, step];
        const reached = await visit(scenario, steps, known);
        histories += 1;
        orders += node.orders;
        if (reached.complaints.length > 0) {
          return end({ scenario: scenario.name, steps, complaints: reached.complaints });
        }
        const same = known.get(reached.signature);
        if (same) onEqual?.(steps, same.steps);
        const sibling = next.get(reached.signature);
        if (sibling) sibling.orders += node.orders;
        if (same) continue;
        const fresh = { steps, enabled: reached.enabled, orders: node.orders };
        known.set(reached.signature, fresh);
        next.set(reached.signature, fresh);
      }
    }
    level = [...next.values()];
  }
  return end();
}

/** A counterexample as it is pasted into a regression test. */
export function toTest({ scenario, steps, complaints }: Counterexample): string {
  const list = steps.map((step) => `  '${step}',`).join('\n');
  return `scenario: ${scenario}\nsteps: [\n${list}\n]\n${complaints.join('\n')}`;
}

interface Visit {
  readonly signature: string;
  readonly enabled: readonly StepName[];
  readonly complaints: readonly string[];
}

/** Runs a history; where it leads to a state that is not known yet, to its end. */
async function visit(
  scenario: Scenario,
  steps: readonly StepName[],
  known?: ReadonlyMap<string, unknown>,
): Promise<Visit> {
  const world = await begin(scenario);
  for (const step of steps) await perform(world, step);
  const { complaints } = world.verdict;
  const { signature, enabled } = stateOf(scenario, world, steps);
  if (complaints.length > 0 || known?.has(signature)) return { signature, enabled, complaints };
  return { signature, enabled, complaints: await world.finish() };
}

/** What a world has come to, and what may happen next. */
export function stateOf(scenario: Scenario, world: World, taken: readonly StepName[]): Omit<Visit, 'complaints'> {
  const left = leftOf(scenario, taken);
  const enabled = left.filter(([step]) => isEnabled(world, step)).map(([step]) => step);
  return { signature: signatureOf(world, left), enabled };
}

/** Steps that may still happen, and how often. */
function leftOf({ steps }: Scenario, taken: readonly StepName[]): readonly (readonly [StepName, number])[] {
  return (Object.entries(steps) as [StepName, number][])
    .map(([step, bound]) => [step, bound - taken.filter((other) => other === step).length] as const)
    .filter(([, left]) => left > 0);
}

export async function begin({ start, world: options }: Pick<Scenario, 'start' | 'world'>): Promise<World> {
  const world = new World(options);
  for (const step of start) await (step === 'calm' ? world.calm() : perform(world, step));
  return world;
}

/** Runs one history to its end. @returns what is wrong with it, nothing where every promise was kept. */
export async function replay(
  scenario: Pick<Scenario, 'start' | 'world'>,
  steps: readonly StepName[],
): Promise<readonly string[]> {
  const world = await begin(scenario);
  for (const step of steps) {
    if (!isEnabled(world, step)) return [`"${step}" cannot happen: the history has changed`];
    await perform(world, step);
    if (world.verdict.complaints.length > 0) return world.verdict.complaints;
  }
  return world.finish();
}
