import { script } from './script.js';

/**
 * Scripts for the claims of actions. Fields of a record: `f` fingerprint, `s` state, `n` node, `c` id of the claim on the
 * node, `a` answer. The states are `running`, `settled` and `lost`.
 */
export const claimScripts = {
  /**
   * Keys: claim. Arguments: fingerprint, node, id of the claim, `again` if the client has sent the action before, the
   * milliseconds after the start of a lineage in which it may lack this claim, and the longest life of a running claim. A
   * lineage ends with the time at which it began.
   */
  claim: script(
    'claim',
    `
local c = redis.call('HMGET', KEYS[2], 'f', 's', 'n', 'c', 'a')
if c[1] then
  if c[2] == 'lost' and (c[1] == '' or c[1] == ARGV[2]) then return { 'lost' } end
  if c[1] ~= ARGV[2] then return { 'conflict' } end
  if c[2] == 'settled' then return { 'settled', c[5] } end
  if c[3] == ARGV[3] and c[4] == ARGV[4] then return { 'claimed' } end
  return { 'running', c[3], c[4] }
end
local began = tonumber(string.match(ARGV[1], '%d+$'))
if ARGV[5] == 'again' and NOW - began < tonumber(ARGV[6]) then return { 'lost' } end
redis.call('HSET', KEYS[2], 'f', ARGV[2], 's', 'running', 'n', ARGV[3], 'c', ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
return { 'claimed' }
`,
  ),
  /** Answers the state of a claim. Keys: claim. Argument: fingerprint. */
  look: script(
    'look',
    `
local c = redis.call('HMGET', KEYS[2], 'f', 's', 'n', 'c', 'a')
if c[1] ~= ARGV[2] then return { 'unknown' } end
if c[2] == 'settled' then return { 'settled', c[5] } end
return { c[2], c[3], c[4] }
`,
  ),
  /** Keys: claim. Arguments: fingerprint, node, id of the claim, answer, window. */
  settle: script(
    'settle',
    `
local c = redis.call('HMGET', KEYS[2], 's', 'n', 'c')
if c[1] and (c[2] ~= ARGV[3] or c[3] ~= ARGV[4]) then return 'NOT_HELD' end
-- A script that has written is not refused for lack of memory: the action ran, so its answer has to be stored.
redis.call('PEXPIRE', KEYS[2], ARGV[6])
redis.call('HSET', KEYS[2], 'f', ARGV[2], 's', 'settled', 'n', ARGV[3], 'c', ARGV[4], 'a', ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[6])
redis.call('SPUBLISH', KEYS[2], 'settled\\n' .. ARGV[5])
return 'OK'
`,
  ),
  /** Keys: claim. Arguments: node, id of the claim. */
  unclaim: script(
    'unclaim',
    `
local c = redis.call('HMGET', KEYS[2], 's', 'n', 'c')
if c[1] == 'running' and c[2] == ARGV[2] and c[3] == ARGV[3] then
  redis.call('DEL', KEYS[2])
  redis.call('SPUBLISH', KEYS[2], 'unclaimed\\n')
end
return 'OK'
`,
  ),
  /** Declares the claim of an ended node lost. Keys: claim. Arguments: node, id of the claim, window. */
  bury: script(
    'bury',
    `
local c = redis.call('HMGET', KEYS[2], 's', 'n', 'c')
if c[1] == 'running' and c[2] == ARGV[2] and c[3] == ARGV[3] then
  redis.call('HSET', KEYS[2], 's', 'lost')
  redis.call('PEXPIRE', KEYS[2], ARGV[4])
  redis.call('SPUBLISH', KEYS[2], 'unclaimed\\n')
end
return 'OK'
`,
  ),
  /** Forgets answers that the clients have. Keys: claims. Argument: time for which a copy of the request is `lost`. */
  forget: script(
    'forget',
    `
for i = 2, #KEYS do
  if redis.call('HGET', KEYS[i], 's') == 'settled' then
    redis.call('DEL', KEYS[i])
    redis.call('HSET', KEYS[i], 'f', '', 's', 'lost')
    redis.call('PEXPIRE', KEYS[i], ARGV[2])
  end
end
return 'OK'
`,
  ),
  /** Keeps running claims. Keys: claims. Arguments: node, longest life of a running claim. */
  keep: script(
    'keep',
    `
for i = 2, #KEYS do
  local c = redis.call('HMGET', KEYS[i], 's', 'n')
  if c[1] == 'running' and c[2] == ARGV[2] then redis.call('PEXPIRE', KEYS[i], ARGV[3]) end
end
return 'OK'
`,
  ),
} as const;
