import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Carries out the stages of a Dockerfile in plain folders, one for each stage, without Docker.
 *
 * It does `FROM` of an earlier stage, `WORKDIR`, `COPY`, `RUN` and `ENV`. It reads `USER`, `HEALTHCHECK` and `CMD` without doing
 * them and skips `EXPOSE`. It fails for any other instruction. It is no sandbox: `RUN` uses the programs, the user and the
 * network of this machine. It pulls no base image, and it copies the files that git knows instead of reading `.dockerignore`.
 *
 * @returns {Map<string, Stage>} the stages by name, each with its folder, environment and command.
 */
export function buildStages(dockerfile, context, target) {
  const stages = new Map();
  let stage;
  for (const { instruction, rest } of parse(readFileSync(dockerfile, 'utf8'))) {
    switch (instruction) {
      case 'FROM':
        stage = from(rest, stages, target);
        break;
      case 'WORKDIR':
        stage.workdir = rest;
        mkdirSync(inside(stage, rest), { recursive: true });
        break;
      case 'COPY':
        copy(rest, stage, stages, context);
        break;
      case 'RUN':
        console.log(`  [${stage.name}] ${rest}`);
        execFileSync('sh', ['-c', rest], {
          cwd: inside(stage, '.'),
          env: { ...process.env, ...stage.env },
          stdio: ['ignore', 'ignore', 'inherit'],
        });
        break;
      case 'ENV':
        for (const [, key, value] of rest.matchAll(/(\w+)=(\S+)/g)) stage.env[key] = value;
        break;
      case 'HEALTHCHECK':
        stage.health = JSON.parse(rest.slice(rest.indexOf('CMD') + 3));
        break;
      case 'CMD':
        stage.command = JSON.parse(rest);
        break;
      case 'USER':
        stage.user = rest;
        break;
      case 'EXPOSE':
        break;
      default:
        throw new Error(`${dockerfile}: ${instruction} is not understood`);
    }
  }
  return stages;
}

/** @returns the real place of a path of the image. */
export function inside(stage, path) {
  return path.startsWith('/') ? join(stage.root, path) : join(stage.root, stage.workdir, path);
}

function parse(text) {
  return text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => {
      const space = line.indexOf(' ');
      return { instruction: line.slice(0, space), rest: line.slice(space + 1).trim() };
    });
}

function from(rest, stages, target) {
  const [base, , name] = rest.split(' ');
  const parent = stages.get(base);
  const stage = { name, root: join(target, name), workdir: '/', env: { ...parent?.env }, user: parent?.user };
  mkdirSync(stage.root, { recursive: true });
  if (parent) {
    stage.workdir = parent.workdir;
    cpSync(parent.root, stage.root, { recursive: true, verbatimSymlinks: true });
  }
  stages.set(name, stage);
  return stage;
}

function copy(rest, stage, stages, context) {
  const words = rest.split(' ');
  const source = words[0].startsWith('--from=') ? stages.get(words.shift().slice('--from='.length)) : undefined;
  const destination = words.pop();
  for (const word of words) {
    const folderLike = destination.endsWith('/') || destination === './';
    if (source) {
      copyTree(join(source.root, word), inside(stage, destination));
    } else {
      for (const file of tracked(context, word)) {
        const within = file === word ? (folderLike ? basename(file) : '') : file.slice(word.length + 1);
        copyTree(join(context, file), join(inside(stage, destination), within));
      }
    }
  }
}

/** Returns the files of the build context: tracked and new files without those in .dockerignore. */
function tracked(context, path) {
  const output = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', path], { cwd: context });
  const files = output
    .toString()
    .split('\n')
    .filter((file) => file && existsSync(join(context, file)));
  if (files.length === 0) throw new Error(`COPY ${path}: there is no such file`);
  return files;
}

function copyTree(source, target) {
  mkdirSync(dirname(target), { recursive: true });
  cpSync(source, target, { recursive: statSync(source).isDirectory(), verbatimSymlinks: true });
}
