import { join } from 'node:path';

import js from '@eslint/js';
import angular from 'angular-eslint';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

import { noImportAcrossPackages } from './tools/lint/no-import-across-packages.mjs';
import { rankedFolders } from './tools/lint/ranked-folders.mjs';

/**
 * What each project may import of the workspace. The arrows of docs/architecture.md, enforced:
 * `protocol ← client ← angular ← frontend` and `protocol ← nest ← backend`; only the game knows `arena`. Only tests import
 * `testing` and `testing-nest`.
 * `internal` adds the `/internal` entry points of the packages that are listed.
 */
const ALLOWED = {
  'libs/protocol': [],
  'libs/arena': ['protocol'],
  'libs/testing': ['protocol'],
  'libs/client': ['protocol'],
  'libs/angular': ['protocol', 'client'],
  'libs/nest': ['protocol'],
  'libs/broker-redis': ['protocol', 'nest'],
  'libs/broker-postgres': ['protocol', 'nest'],
  'libs/testing-nest': ['protocol', 'testing', 'client', 'nest'],
  backend: ['protocol', 'arena', 'nest', 'broker-redis', 'broker-postgres'],
  frontend: ['protocol', 'arena', 'angular'],
  bench: ['protocol', 'client', 'nest', 'broker-redis', 'broker-postgres'],
  examples: ['protocol', 'client', 'nest'],
  verification: ['protocol', 'testing', 'testing-nest', 'client', 'nest', 'internal'],
  docker: ['protocol', 'client', 'arena'],
};

/** Tests may drive a project from its other end. */
const ALLOWED_IN_TESTS = {
  backend: ['client', 'testing', 'testing-nest', 'verification'],
  frontend: ['client', 'testing', 'verification'],
  'libs/angular': ['testing'],
  'libs/client': ['testing'],
  'libs/nest': ['testing'],
  'libs/broker-redis': ['testing', 'testing-nest', 'verification'],
  'libs/broker-postgres': ['testing', 'testing-nest', 'verification'],
  docker: ['verification'],
};

const PACKAGES = [
  'protocol',
  'arena',
  'testing',
  'testing-nest',
  'broker-redis',
  'broker-postgres',
  'client',
  'angular',
  'nest',
  'backend',
  'frontend',
  'verification',
];

/** Folders of one library that must stay ignorant of a framework or of each other. */
const INNER = [
  { files: ['libs/protocol/src/**'], forbid: ['node:*', 'rxjs', '@nestjs/*', '@angular/*', 'ws'] },
  { files: ['libs/client/src/**'], forbid: ['node:*', '@nestjs/*', '@angular/*', 'ws'] },
  { files: ['libs/arena/src/**'], forbid: ['class-validator', 'class-transformer', '@nestjs/*', '@angular/*'] },
  { files: ['libs/nest/src/{broker,delivery,topics}/**'], forbid: ['@nestjs/*', 'ws'] },
  {
    files: [
      'libs/nest/src/websocket/{closing,connection,connection-context,connection-hub,credentials,heartbeat,inbound-queue,subscriptions}.ts',
    ],
    forbid: ['@nestjs/*', 'ws'],
  },
  { files: ['libs/nest/src/http/**'], forbid: ['ws'] },
];

/** The folders of a package from the lowest to the highest; each imports lower ones only. */
const RANKS = {
  'libs/nest/src': [
    'core',
    ['rate-limiting', 'broker', 'delivery'],
    'topics',
    'handlers',
    'presence',
    'admission',
    ['websocket', 'http'],
    'lifecycle',
  ],
  'libs/client/src': ['core', 'topics', 'actions', 'session', 'connection'],
};

const TESTS = Object.keys(ALLOWED).flatMap(testsOf);

const INTERNAL = ['@statewire/*/internal', '@statewire/*/internal/*'];

/** Relative to the project, because `libs/testing` is a library and not a folder of tests. */
function testsOf(folder) {
  return ['**/*.spec.ts', '**/test/**/*.ts', '**/testing/**/*.ts', '**/e2e/**/*.ts'].map((glob) => `${folder}/${glob}`);
}

function forbiddenPackages(allowed) {
  const forbidden = PACKAGES.filter((name) => !allowed.includes(name));
  return [
    ...forbidden.flatMap((name) => [`@statewire/${name}`, `@statewire/${name}/*`]),
    ...(allowed.includes('internal') ? [] : INTERNAL),
  ];
}

function restrict(files, allowed, ignores = []) {
  const group = forbiddenPackages(allowed);
  return {
    files,
    ignores,
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        { patterns: [{ group, message: 'Dependencies point one way; see docs/architecture.md.' }] },
      ],
    },
  };
}

function directions() {
  return Object.entries(ALLOWED).flatMap(([folder, allowed]) => {
    const own = folder.replace('libs/', '');
    const inTests = [...allowed, own, ...(ALLOWED_IN_TESTS[folder] ?? [])];
    return [
      restrict([`${folder}/**/*.ts`], [...allowed, ...(own === 'angular' ? ['angular'] : [])], TESTS),
      restrict(testsOf(folder), inTests),
    ];
  });
}

function inner() {
  return INNER.map(({ files, forbid }) => {
    const project = Object.keys(ALLOWED).find((folder) => files[0].startsWith(`${folder}/`));
    return {
      files,
      ignores: TESTS,
      rules: {
        '@typescript-eslint/no-restricted-imports': [
          'error',
          {
            patterns: [
              {
                group: [...forbid, ...forbiddenPackages(ALLOWED[project])],
                message: 'This folder knows nothing of that; see docs/architecture.md.',
              },
            ],
          },
        ],
      },
    };
  });
}

function rankedFoldersOfPackages() {
  return Object.entries(RANKS).map(([folder, ranks]) => ({
    files: [`${folder}/**/*.ts`],
    ignores: TESTS,
    rules: { 'statewire/ranked-folders': ['error', { root: join(import.meta.dirname, folder), ranks }] },
  }));
}

export default defineConfig(
  { ignores: ['**/dist/**', '**/coverage/**', '**/.angular/**', '**/.nx/**', '**/node_modules/**', 'tmp/**'] },
  js.configs.recommended,
  {
    files: ['**/*.{ts,mjs}'],
    plugins: {
      statewire: {
        rules: { 'no-import-across-packages': noImportAcrossPackages, 'ranked-folders': rankedFolders },
      },
    },
    rules: { 'statewire/no-import-across-packages': 'error' },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-deprecated': 'error',
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [] }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-indexed-object-style': 'off',
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      '@typescript-eslint/no-extraneous-class': 'off',
      // Interfaces of brokers and transports are asynchronous also where an implementation is not.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-empty-object-type': 'off',
      'max-lines': ['warn', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      eqeqeq: ['error', 'always'],
    },
  },
  {
    // Angular splits its projects by target, which the project service does not look through.
    files: ['frontend/**/*.ts'],
    languageOptions: {
      parserOptions: {
        projectService: false,
        project: ['tsconfig.app.json', 'tsconfig.spec.json', 'tsconfig.e2e.json'],
        tsconfigRootDir: join(import.meta.dirname, 'frontend'),
      },
    },
  },
  {
    files: ['frontend/src/**/*.ts', 'libs/angular/{src,testing}/**/*.ts'],
    extends: [angular.configs.tsRecommended],
    processor: angular.processInlineTemplates,
  },
  {
    files: ['frontend/src/**/*.html'],
    extends: [angular.configs.templateRecommended, angular.configs.templateAccessibility],
  },
  ...directions(),
  ...inner(),
  ...rankedFoldersOfPackages(),
  {
    files: ['libs/client/src/**/*.ts'],
    ignores: TESTS,
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: '[accessibility="private"]', message: 'Write #name. Minifiers shorten only these private names.' },
      ],
    },
  },
  {
    files: TESTS,
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'max-lines': 'off',
    },
  },
  {
    files: ['**/main.ts', '**/e2e/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        fetch: 'readonly',
        Buffer: 'readonly',
        performance: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        clearTimeout: 'readonly',
      },
    },
  },
);
