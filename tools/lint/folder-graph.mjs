import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import ts from 'typescript';

import { folderOf } from './ranked-folders.mjs';

/**
 * Draws which folders of a source folder import which others. Value and type imports count alike; specs do not count.
 *
 * @param root absolute path of the source folder.
 */
export function folderGraph(root) {
  const graph = new Map();
  for (const path of readdirSync(root, { recursive: true })) {
    if (!path.endsWith('.ts') || path.endsWith('.spec.ts')) continue;
    const file = join(root, path);
    const from = folderOf(root, file);
    const targets = graph.get(from) ?? new Set();
    graph.set(from, targets);
    for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles) {
      if (!fileName.startsWith('.')) continue;
      const to = folderOf(root, resolve(dirname(file), fileName));
      if (to !== undefined && to !== from) targets.add(to);
    }
  }
  return graph;
}

/** @returns the folders of one cycle, the first one repeated at the end; undefined if there is none. */
export function findCycle(graph) {
  const finished = new Set();
  const visit = (folder, path) => {
    if (path.includes(folder)) return [...path.slice(path.indexOf(folder)), folder];
    if (finished.has(folder)) return undefined;
    for (const target of graph.get(folder) ?? []) {
      const cycle = visit(target, [...path, folder]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(folder);
    return undefined;
  };
  for (const folder of graph.keys()) {
    const cycle = visit(folder, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
