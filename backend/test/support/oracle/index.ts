export { Oracle, type OracleOptions } from './oracle.js';
export { WireWitness } from './wire-witness.js';
