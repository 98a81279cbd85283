/** `rxjs/operators` from the bundle that Jest loads instead of `rxjs`, so that tests have one copy of RxJS. */
module.exports = require('../node_modules/rxjs/dist/bundles/rxjs.umd.js').operators;
