/** The depth of the quick tier for each scenario, with and without a seeded bug. */
export const QUICK_DEPTH = 3;
