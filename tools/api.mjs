/**
 * Writes one report of the public API per published package, `libs/<package>/api.md`. With `--check` it writes nothing and
 * fails where a report differs from the built types, so that each change of the API is committed and reviewed. Both fail if
 * a public member has no doc comment.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { format, resolveConfig } from 'prettier';
import ts from 'typescript';

import { publishedPackages } from './lib/published-package.mjs';
import { undocumentedMembers } from './lib/undocumented.mjs';
import { ensureInstalled, fail, nx, requireSupportedNode, root } from './lib/workspace.mjs';

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const base = JSON.parse(readFileSync(join(root, 'tools/api-extractor-base.json'), 'utf8'));
const { options } = ts.convertCompilerOptionsFromJson(base.compiler.overrideTsconfig.compilerOptions, root);
const work = join(root, 'tmp/api');

requireSupportedNode();
await ensureInstalled();
const packages = publishedPackages();
const projects = packages.map(({ name }) => name.replace('@statewire/', '')).join(',');
if ((await nx(['run-many', '-t', 'build', '-p', projects])) !== 0) fail('The build failed; see above.');

const changed = [];
const undocumented = [];
for (const entry of packages) {
  const file = join(root, entry.directory, 'api.md');
  const report = await reportOf(entry);
  if (existsSync(file) && readFileSync(file, 'utf8') === report) continue;
  changed.push(`${entry.directory}/api.md`);
  if (!values.check) writeFileSync(file, report);
}
if (changed.length === 0) console.log('The API reports are up to date.');
else if (values.check) fail(`The public API changed: ${changed.join(', ')}. Run npm run api, and commit the reports.`);
else console.log(`Written: ${changed.join(', ')}`);
if (undocumented.length > 0) fail(`These public members have no doc comment:\n  ${undocumented.join('\n  ')}`);

async function reportOf({ name, directory, manifest }) {
  const sections = [];
  for (const [entry, { types }] of Object.entries(manifest.exports)) {
    // Internals are exempt from semantic versioning.
    if (!types || entry.startsWith('./internal')) continue;
    const missing = undocumentedMembers(join(root, directory, types), join(root, directory), options);
    undocumented.push(...missing.map((member) => `${name}${entry.slice(1)}: ${member}`));
    sections.push(`## \`${name}${entry.slice(1)}\`\n\n${extract(name, directory, types)}`);
  }
  const text = `# API of \`${name}\`\n\nWritten by \`npm run api\`. Do not edit.\n\n${sections.join('\n')}`;
  return format(text, { ...(await resolveConfig(join(root, 'README.md'))), parser: 'markdown' });
}

/** Returns API Extractor's report of one entry point as a block of code. */
function extract(name, directory, types) {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const config = ExtractorConfig.prepare({
    configObject: {
      ...base,
      projectFolder: join(root, directory),
      mainEntryPointFilePath: join(root, directory, types),
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, directory, 'package.json'),
  });
  const result = Extractor.invoke(config, { localBuild: true, messageCallback: report });
  if (!result.succeeded) fail(`API Extractor cannot read the types of ${name}; see above.`);
  const text = readFileSync(join(work, 'report.api.md'), 'utf8');
  return (
    text
      .slice(text.indexOf('```ts'))
      // A moved line is no change of the API.
      .replace(/^(\/\/ \S+\.d\.ts):\d+:\d+/gm, '$1')
      // API Extractor does not see inherited comments, which `undocumentedMembers` counts.
      .replace(/^ *\/\/ \(undocumented\)\n/gm, '')
      .replace(/^(\/\/ @\w+) \(undocumented\)$/gm, '$1')
  );
}

function report(message) {
  message.handled = true;
  if (message.messageId === 'console-api-report-created') return;
  if (message.logLevel === 'error' || message.logLevel === 'warning') console.error(message.text);
}
