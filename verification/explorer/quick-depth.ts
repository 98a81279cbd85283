/** Steps to which the quick tier explores each scenario, with and without a seeded bug. */
export const QUICK_DEPTH = 4;
