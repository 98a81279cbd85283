import { allFigures } from './figures.js';
import { failuresOf, lineOf } from './gate.js';

const figures = await allFigures();
const failures = failuresOf(figures);
for (const figure of figures) console.log(`${failures.includes(figure) ? 'FAILED ' : ''}${lineOf(figure)}`);
if (failures.length > 0) {
  console.error(`\n${failures.length} of ${figures.length} figures are worse than their bounds.`);
  process.exitCode = 1;
}
