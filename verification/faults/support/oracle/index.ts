export { Oracle } from './oracle.js';
