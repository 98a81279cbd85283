import { join } from 'node:path';

import { ngPackagr } from 'ng-packagr';

const root = join(import.meta.dirname, '..');

await ngPackagr().forProject(join(root, 'ng-package.json')).withTsConfig(join(root, 'tsconfig.lib.json')).build();
