import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';

/** The rank of files that stand in the root folder itself: they may import every folder, and no folder imports them. */
const ROOT = '(root)';

/**
 * ESLint rule: the folders of a package import each other in one direction only. Value and type imports count alike.
 *
 * Options: `root` is the absolute path of the source folder. `ranks` lists its folders from the lowest to the highest;
 * an inner list names folders of equal rank, which may not import each other. A folder may import itself and folders of
 * a lower rank. Files that stand in `root` itself have the highest rank.
 */
export const rankedFolders = {
  meta: {
    type: 'problem',
    docs: { description: 'Folders import folders of a lower rank only.' },
    schema: [
      {
        type: 'object',
        properties: {
          root: { type: 'string' },
          ranks: {
            type: 'array',
            items: { oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
          },
        },
        required: ['root', 'ranks'],
        additionalProperties: false,
      },
    ],
    messages: {
      upwards: '{{from}} must not import {{to}}: folders import folders of a lower rank only ({{order}}).',
      unranked: 'The folder {{folder}} has no rank: add it to the ranked list in eslint.config.mjs ({{order}}).',
    },
  },
  create(context) {
    const [{ root, ranks }] = context.options;
    const from = folderOf(root, context.filename);
    if (from === undefined) return {};
    const rankOf = (folder) =>
      folder === ROOT ? ranks.length : ranks.findIndex((rank) => [rank].flat().includes(folder));
    const order = [...ranks.map((rank) => [rank].flat().join(', ')), 'root'].join(' < ');

    const check = (source) => {
      if (typeof source?.value !== 'string' || !source.value.startsWith('.')) return;
      const to = folderOf(root, resolve(dirname(context.filename), source.value));
      if (to === undefined || to === from) return;
      if (rankOf(to) < 0) {
        context.report({ node: source, messageId: 'unranked', data: { folder: to, order } });
      } else if (rankOf(to) >= rankOf(from)) {
        context.report({ node: source, messageId: 'upwards', data: { from, to, order } });
      }
    };
    return {
      Program(node) {
        if (rankOf(from) < 0) context.report({ node, messageId: 'unranked', data: { folder: from, order } });
      },
      ImportDeclaration: ({ source }) => check(source),
      ExportNamedDeclaration: ({ source }) => check(source),
      ExportAllDeclaration: ({ source }) => check(source),
      ImportExpression: ({ source }) => check(source),
      TSImportType: ({ argument, source }) => check(source ?? argument?.literal ?? argument),
    };
  },
};

/** @returns the first folder below `root` in the path of a file; undefined for files outside of `root`. */
export function folderOf(root, file) {
  const path = relative(root, file);
  if (path.startsWith('..') || isAbsolute(path)) return undefined;
  const [folder, ...rest] = path.split(sep);
  return rest.length === 0 ? ROOT : folder;
}
