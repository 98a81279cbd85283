export declare function mulberry32(seed: number): () => number;
export declare function shuffled<T>(items: readonly T[], seed: number): T[];
