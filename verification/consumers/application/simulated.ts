import { simulate } from '@statewire/testing-nest';

import { counter } from './contract.js';
import { CounterModule } from './server.js';

/** Restarts the application on a simulated network and a virtual clock. */
async function main(): Promise<void> {
  const simulation = await simulate({ imports: [CounterModule], seed: 1 });
  const page = simulation.connect({ token: 'ada' }).watch(counter.with({ counterId: 'clicks' }));
  await page.live();
  await simulation.server.restart();
  await page.live();
  await simulation.close();
  process.stdout.write('runs in a simulation\n');
}

void main();
