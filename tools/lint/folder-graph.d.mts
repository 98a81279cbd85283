export declare function folderGraph(root: string): ReadonlyMap<string, ReadonlySet<string>>;
export declare function findCycle(graph: ReadonlyMap<string, Iterable<string>>): readonly string[] | undefined;
