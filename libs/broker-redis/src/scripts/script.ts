import { createHash } from 'node:crypto';

/**
 * A Lua script. `KEYS[1]` is the lineage of the partition and `ARGV[1]` the one that the caller knows. All keys of a call
 * lie in one partition.
 */
export interface Script {
  readonly name: string;
  readonly text: string;
  /** The SHA-1 by which the server knows the script. */
  readonly sha: string;
}

/** Answers `STALE` if the server has another lineage than the caller, which then knows nothing of its data. */
const GUARD = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('STALE the lineage changed') end
local TIME = redis.call('TIME')
local NOW = TIME[1] * 1000 + math.floor(TIME[2] / 1000)
`;

export function script(name: string, body: string): Script {
  const text = `-- ${name}${GUARD}${body}`;
  return { name, text, sha: sha1(text) };
}

/** The id of a script on the server. */
export function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}
