import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

const folders = new Map();

/**
 * Reports a relative import that leads into another package. A package offers its entry points; a path into its folders
 * would break whenever its files move. The presets and tools of the workspace belong to no package, so that all may import them.
 * Installed packages keep their files until their version changes.
 */
export const noImportAcrossPackages = {
  meta: {
    type: 'problem',
    docs: { description: 'Disallow relative imports that lead into another package.' },
    schema: [],
    messages: {
      crossing:
        "'{{path}}' leads into '{{package}}'. Import an entry point of that package instead of one of its files.",
    },
  },
  create(context) {
    const file = context.filename;
    const check = (source) => {
      if (typeof source?.value !== 'string' || !source.value.startsWith('.')) return;
      const target = packageOf(dirname(resolve(dirname(file), source.value)));
      if (target === packageOf(dirname(file)) || isWorkspace(target) || isInstalled(target)) return;
      const data = { path: source.value, package: relative(context.cwd, target) };
      context.report({ node: source, messageId: 'crossing', data });
    };
    return {
      ImportDeclaration: ({ source }) => check(source),
      ExportNamedDeclaration: ({ source }) => check(source),
      ExportAllDeclaration: ({ source }) => check(source),
      ImportExpression: ({ source }) => check(source),
      TSImportType: ({ source, argument }) => check(source ?? argument?.literal),
    };
  },
};

/** Returns the nearest folder upwards that holds a `package.json`. */
function packageOf(folder) {
  let cached = folders.get(folder);
  if (cached === undefined) {
    const isPackage = dirname(folder) === folder || existsSync(join(folder, 'package.json'));
    cached = isPackage ? folder : packageOf(dirname(folder));
    folders.set(folder, cached);
  }
  return cached;
}

function isWorkspace(folder) {
  return existsSync(join(folder, 'nx.json'));
}

function isInstalled(folder) {
  return folder.split(sep).includes('node_modules');
}
