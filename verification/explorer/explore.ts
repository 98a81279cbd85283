import { signatureOf } from './signature.js';
import { isEnabled, perform, type StepName } from './steps.js';
import { World, type WorldOptions } from './world.js';

/** A scenario: the start of its histories, and the possible steps. */
export interface Scenario {
  readonly name: string;
  /** The id in docs/reliability.md that the scenario proves. Default: R3. */
  readonly row?: string;
  readonly world?: Partial<WorldOptions>;
  /** Steps of the set-up. `calm` delivers everything. They do not count towards the depth. */
  readonly start: readonly (StepName | 'calm')[];
  /** The possible steps. A number limits the uses of a step in one history. */
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
  /** Number of distinct reached states, including the first. The explorer ran a history from each of them to its end. */
  readonly states: number;
  /** Number of steps from these states. For each step the explorer ran a history from its start. */
  readonly histories: number;
  /** Lower bound of the number of histories without the detection of equal states. */
  readonly orders: number;
  readonly counterexample: Counterexample | undefined;
}

interface Node {
  readonly steps: readonly StepName[];
  /** The possible next steps. */
  readonly enabled: readonly StepName[];
  /** Number of histories that lead to this state. */
  orders: number;
}

/** Called for each history that leads to an already known state. */
export type OnEqual = (steps: readonly StepName[], earlier: readonly StepName[]) => void;

/**
 * Tries every possible order of steps up to a depth. Short histories come first, so that the first
 * counterexample is a shortest one.
 */
export async function explore(scenario: Scenario, depth: number, onEqual?: OnEqual): Promise<Exploration> {
  const visited = new Map<string, Node>();
  let [histories, orders] = [0, 0];
  const end = (counterexample?: Counterexample): Exploration => {
    return { scenario: scenario.name, depth, states: visited.size, histories, orders, counterexample };
  };
  const first = await visit(scenario, []);
  if (first.complaints.length > 0) return end({ scenario: scenario.name, steps: [], complaints: first.complaints });
  visited.set(first.signature, { steps: [], enabled: first.enabled, orders: 1 });
  let level = [...visited.values()];
  for (let length = 1; length <= depth && level.length > 0; length++) {
    const next = new Map<string, Node>();
    for (const node of level) {
      for (const step of node.enabled) {
        const steps = [...node.steps, step];
        const reached = await visit(scenario, steps, visited);
        histories += 1;
        orders += node.orders;
        if (reached.complaints.length > 0) {
          return end({ scenario: scenario.name, steps, complaints: reached.complaints });
        }
        const same = visited.get(reached.signature);
        if (same) onEqual?.(steps, same.steps);
        const sibling = next.get(reached.signature);
        if (sibling) sibling.orders += node.orders;
        if (same) continue;
        const fresh = { steps, enabled: reached.enabled, orders: node.orders };
        visited.set(reached.signature, fresh);
        next.set(reached.signature, fresh);
      }
    }
    level = [...next.values()];
  }
  return end();
}

/** Returns a counterexample in the form of a regression test. */
export function toTest({ scenario, steps, complaints }: Counterexample): string {
  const list = steps.map((step) => `  '${step}',`).join('\n');
  return `scenario: ${scenario}\nsteps: [\n${list}\n]\n${complaints.join('\n')}`;
}

interface Visit {
  readonly signature: string;
  readonly enabled: readonly StepName[];
  readonly complaints: readonly string[];
}

/** Runs a history. If it leads to a new state, runs it to its end. */
async function visit(
  scenario: Scenario,
  steps: readonly StepName[],
  visited?: ReadonlyMap<string, unknown>,
): Promise<Visit> {
  const world = await begin(scenario);
  for (const step of steps) await perform(world, step);
  const { complaints } = world.verdict;
  const { signature, enabled } = stateOf(scenario, world, steps);
  if (complaints.length > 0 || visited?.has(signature)) return { signature, enabled, complaints };
  return { signature, enabled, complaints: await world.finish() };
}

/** The state of a world, and the possible next steps. */
export function stateOf(scenario: Scenario, world: World, taken: readonly StepName[]): Omit<Visit, 'complaints'> {
  const left = leftOf(scenario, taken);
  const enabled = left.filter(([step]) => isEnabled(world, step)).map(([step]) => step);
  return { signature: signatureOf(world, left), enabled };
}

/** The remaining steps and their numbers. */
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

/** Runs one history to its end. @returns the broken promises; empty if all hold. */
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
