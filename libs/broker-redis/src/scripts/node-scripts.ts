import { script } from './script.js';

/**
 * Scripts for leases. Fields of a record: `n` node, `c` call by which it got the lease, `k` token, `x` the time at which the lease ends. The record outlives
 * the lease for a day, so that tokens grow even if the clock of the server goes back.
 */
export const leaseScripts = {
  /** Keys: lease. Arguments: node, time to live, id of the call. Answers the token, or the milliseconds that another node holds the lease for. */
  lease: script(
    'lease',
    `
local l = redis.call('HMGET', KEYS[2], 'k', 'x', 'n', 'c')
local ends = tonumber(l[2] or 0)
if ends > NOW + tonumber(ARGV[3]) then
  -- The clock of the server went back. The holder renews the lease sooner.
  ends = NOW + tonumber(ARGV[3])
  redis.call('PEXPIRE', KEYS[2], 86400000)
  redis.call('HSET', KEYS[2], 'x', ends)
end
if ends > NOW then
  if l[3] == ARGV[2] and l[4] == ARGV[4] then return { 'OK', tonumber(l[1]) } end
  return { 'HELD', ends - NOW }
end
local token = math.max(tonumber(l[1] or 0) + 1, TIME[1] * 1000000 + TIME[2])
redis.call('HSET', KEYS[2], 'n', ARGV[2], 'c', ARGV[4], 'k', string.format('%.0f', token), 'x', NOW + tonumber(ARGV[3]))
redis.call('PEXPIRE', KEYS[2], 86400000)
return { 'OK', token }
`,
  ),
  /** Keys: lease. Arguments: token, time to live. Answers whether the caller still holds the lease. */
  renew: script(
    'renew',
    `
local l = redis.call('HMGET', KEYS[2], 'k', 'x')
if l[1] ~= ARGV[2] or tonumber(l[2]) <= NOW then return 0 end
-- A script that has written is not refused for lack of memory.
redis.call('PEXPIRE', KEYS[2], 86400000)
redis.call('HSET', KEYS[2], 'x', NOW + tonumber(ARGV[3]))
return 1
`,
  ),
  /** Keys: lease. Argument: token. Wakes the nodes that wait for the lease. */
  release: script(
    'release',
    `
local l = redis.call('HMGET', KEYS[2], 'k', 'x')
if l[1] ~= ARGV[2] or tonumber(l[2]) == 0 then return 0 end
redis.call('PEXPIRE', KEYS[2], 86400000)
redis.call('HSET', KEYS[2], 'x', 0)
redis.call('SPUBLISH', KEYS[2], 'released')
return 1
`,
  ),
  /** Keys: lease. Answers the node that holds it. */
  holder: script(
    'holder',
    `
local l = redis.call('HMGET', KEYS[2], 'n', 'x')
if l[2] and tonumber(l[2]) > NOW then return l[1] end
return false
`,
  ),
} as const;

/** Scripts for the signs of life of nodes. */
export const nodeScripts = {
  /** Keys: nodes. Arguments: node, time to live. Answers whether the node counted as alive before. */
  beat: script(
    'beat',
    `
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', NOW)
local isNew = redis.call('ZADD', KEYS[2], NOW + tonumber(ARGV[3]), ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1 - isNew
`,
  ),
  /** Keys: nodes. Answers the nodes that are alive. */
  alive: script('alive', `return redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. NOW, '+inf')\n`),
  /** Keys: nodes. Argument: the node that ends. */
  leave: script('end', `return redis.call('ZREM', KEYS[2], ARGV[2])\n`),
} as const;

/**
 * Scripts for presence. A field is the id of a member; its value has the node, a dot, the number of times that the node came
 * back, a line feed and the info. A value that a node repeats differs from the one before, so that another node that took
 * it for ended cannot remove it.
 */
export const presenceScripts = {
  /** Keys: members. Arguments: time to live, node, its returns, `repeat` if the members of other nodes stay, then id and info of each. */
  join: script(
    'join',
    `
local node = ARGV[3] .. '.'
for i = 6, #ARGV, 2 do
  local value = node .. ARGV[4] .. '\\n' .. ARGV[i + 1]
  local present = ARGV[5] == 'repeat' and redis.call('HGET', KEYS[2], ARGV[i])
  if not present or string.sub(present, 1, #node) == node then redis.call('HSET', KEYS[2], ARGV[i], value) end
end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 'OK'
`,
  ),
  /** Keys: members. Arguments: ids. */
  leave: script(
    'leave',
    `
for i = 2, #ARGV do redis.call('HDEL', KEYS[2], ARGV[i]) end
return 'OK'
`,
  ),
  /** Removes members of ended nodes. Keys: members. Arguments: id and value of each. */
  expel: script(
    'expel',
    `
for i = 2, #ARGV, 2 do
  if redis.call('HGET', KEYS[2], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[2], ARGV[i]) end
end
return 'OK'
`,
  ),
  /** Keys: members. Answers ids and values. */
  members: script(
    'members',
    `
return redis.call('HGETALL', KEYS[2])
`,
  ),
  /** Keys: the members of each topic. Argument: time to live. Answers for each whether it is still there. */
  keep: script(
    'keep-members',
    `
local list = {}
for i = 2, #KEYS do list[i - 1] = redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
return list
`,
  ),
} as const;
