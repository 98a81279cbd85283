import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root } from '../../tools/lib/workspace.mjs';
import { NOT_TESTS } from './areas.mjs';
import { instrument } from './mutants.mjs';
import { TestProcess } from './test-process.mjs';

/** Time limit for the first message of a running process. */
const FIRST_SIGN = 10_000;

/** One area: its mutants, the tests that reach them, and the results. */
export class AreaRun {
  /**
   * @param area its name.
   * @param package of the files, without its scope.
   * @param files to mutate, from the root of the workspace.
   * @param specs that must detect the mutants, as absolute paths.
   */
  constructor({ area, package: packageName, files, specs }, seed) {
    this.area = area;
    this.specs = specs;
    this.seed = seed;
    this.folder = mkdtempSync(join(tmpdir(), 'statewire-mutants-'));
    this.mutants = [];
    this.instrumented = {};
    this.kills = new Map();
    for (const file of files) {
      const { code, mutants } = instrument(file, readFileSync(join(root, file), 'utf8'), this.mutants.length);
      const copy = join(this.folder, file.replaceAll('/', '_'));
      writeFileSync(copy, code);
      this.instrumented[join(root, file)] = copy;
      this.mutants.push(...mutants.map((mutant) => ({ ...mutant, package: packageName })));
    }
    this.process = new TestProcess(this.plan());
  }

  /** Runs every test once without a mutant, and records the mutants that it reaches. */
  async prepare() {
    await this.startProcess(this.process);
    const { runs, atLoad } = demand(await this.process.ask({ dry: true }, 600_000));
    this.names = new Map(runs.map(({ index, name }) => [index, name]));
    this.all = runs.map(({ index, ms }) => ({ index, ms }));
    this.reaching = new Map(this.mutants.map(({ id }) => [id, []]));
    for (const { index, ms, hits } of runs) for (const id of hits) this.reaching.get(id)?.push({ index, ms });
    this.atLoad = new Set(atLoad);
  }

  /** @returns the name of the test that killed it; undefined if all passed. */
  async verdictOn({ id }) {
    const order = this.reaching.get(id);
    if (order.length > 0) {
      return (await this.run(this.process, id, order)) ?? this.run(this.process, id, order, { allRuns: true });
    }
    if (!this.atLoad.has(id)) return undefined;
    // A mutant in code that runs at import must be enabled before the import.
    const fresh = new TestProcess(this.plan(id));
    const started = await fresh.start();
    if (started?.ready === undefined) return 'the modules do not load';
    const verdict = await this.run(fresh, id, this.all);
    fresh.stop();
    return verdict;
  }

  async run(process, mutant, reaching, { allRuns = false } = {}) {
    const cost = ({ index, ms }) => ms / (1 + (this.kills.get(index) ?? 0));
    const order = [...reaching].sort((a, b) => cost(a) - cost(b));
    const answer = await process.ask({ mutant, order, allRuns }, FIRST_SIGN);
    if (answer !== undefined) {
      const { killedBy } = answer;
      if (killedBy !== undefined) this.kills.set(killedBy, (this.kills.get(killedBy) ?? 0) + 1);
      return this.names.get(killedBy);
    }
    if (process === this.process) {
      process.stop();
      await this.startProcess(process);
    }
    return 'it never ends';
  }

  async startProcess(process) {
    demand(await process.start());
  }

  end() {
    this.process.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  plan(onFromStart) {
    const path = join(this.folder, `plan-${onFromStart ?? 'all'}.json`);
    const { specs, instrumented, seed } = this;
    writeFileSync(path, JSON.stringify({ specs, instrumented, seed, isLeftOut: NOT_TESTS.source, onFromStart }));
    return path;
  }
}

function demand(answer) {
  if (answer === undefined) throw new Error('The process of the tests ended or took too long.');
  if (answer.failed !== undefined) throw new Error(`Without any mutant:\n${answer.failed}`);
  return answer;
}
