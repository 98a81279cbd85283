import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ngPackagr } from 'ng-packagr';

const root = join(import.meta.dirname, '..');
const manifest = join(root, 'dist/package.json');

await ngPackagr().forProject(join(root, 'ng-package.json')).withTsConfig(join(root, 'tsconfig.lib.json')).build();

// ng-packagr copies the workspace's manifest; `dist` is what is published, and there neither `source` nor `files` holds.
const published = JSON.parse(readFileSync(manifest, 'utf8'));
delete published.files;
for (const conditions of Object.values(published.exports)) delete conditions.source;
writeFileSync(manifest, `${JSON.stringify(published, null, 2)}\n`);
