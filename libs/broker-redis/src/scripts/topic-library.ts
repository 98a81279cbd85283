/** How much of a topic the scripts keep. 0 switches a limit off. */
export interface TopicLimits {
  readonly count: number;
  readonly bytes: number;
  readonly ageMs: number;
}

/** Entries of the log that the server searches for a publication, if the history has no limit of count. */
const MOST_SEARCHED = 10_000;

/** A topic without a limit of age is forgotten a week after its last use. */
const UNLIMITED_TTL_MS = 7 * 86_400_000;

/** Milliseconds after which Redis removes a topic that nobody uses. */
function topicTtl({ ageMs }: TopicLimits): number {
  return ageMs === 0 ? UNLIMITED_TTL_MS : Math.ceil(ageMs * 1.5);
}

/** Deltas above a keyframe, so that the limit of count removes none of them. */
export function longestChain({ count }: TopicLimits): number {
  return count === 0 ? Number.MAX_SAFE_INTEGER : Math.floor(count / 2);
}

/**
 * Lua functions for topics. Fields of a record: `e` epoch, `o` offset of the newest publication, `p` its id, `t` its time,
 * `g` lineage, `d` keyframe, `k` its offset, `q` its id; `b` bytes of all publications of the epoch, `s` of those up to the
 * keyframe, `f` of those that were trimmed. Fields of an entry of the log: `d` data or `p` delta, `t` time, `i` id, `b`
 * bytes of the publications up to it.
 */
export function topicLibrary(limits: TopicLimits): string {
  return `
local COUNT, BYTES, AGE, TTL = ${limits.count}, ${limits.bytes}, ${limits.ageMs}, ${topicTtl(limits)}
local SEARCHED = ${limits.count === 0 ? MOST_SEARCHED : Math.max(limits.count, 128)}
local RENEWAL = TTL / 6

local function entry(raw)
  local f = raw[2]
  return { n = tonumber(string.match(raw[1], '^%d+')), form = f[1], body = f[2], t = f[4], id = f[6], b = tonumber(f[8]) }
end

local function entries(log, from, to)
  local found = {}
  for i, raw in ipairs(redis.call('XRANGE', log, from, to)) do found[i] = entry(raw) end
  return found
end

-- The offset of a publication of the epoch, which is likely to be one of the newest; nil if the log does not have it.
local function find(log, id)
  local to, count, searched = '+', 4, 0
  repeat
    local page = redis.call('XREVRANGE', log, to, '-', 'COUNT', count)
    for _, raw in ipairs(page) do
      local x = entry(raw)
      if x.id == id then return x.n end
      to = '(' .. raw[1]
    end
    searched, count = searched + #page, count * 4
  until #page == 0 or searched >= SEARCHED
end

local function renew(record, log)
  redis.call('PEXPIRE', record, TTL)
  redis.call('PEXPIRE', log, TTL)
end

local function append(log, o, form, body, t, id, b)
  if COUNT > 0 then redis.call('XADD', log, 'MAXLEN', '~', COUNT, o, form, body, 't', t, 'i', id, 'b', b)
  else redis.call('XADD', log, o, form, body, 't', t, 'i', id, 'b', b) end
end

local function line(r, form, body, previous)
  return 'P ' .. r.e .. ' ' .. r.o .. ' ' .. r.t .. ' ' .. r.p .. ' ' .. previous .. ' ' .. form .. '\\n' .. body
end

-- The record as it starts in a new epoch. A script that has written is not refused for lack of memory, and DEL writes, so
-- a command that may be refused comes first.
local function begin(record, log, epoch)
  redis.call('HSET', record, 'e', epoch)
  redis.call('DEL', record, log)
  redis.call('HSET', record, 'e', epoch, 'o', 0, 'g', ARGV[1])
  return { e = epoch, o = 0, p = '', t = '', k = 0, q = '', b = 0, s = 0, f = 0 }
end

-- Appends the publication that a new epoch starts with.
local function first(r, record, log, state, data, t, id)
  r.o, r.p, r.t, r.b = 1, id, t, #data
  append(log, 1, 'd', data, t, id, r.b)
  redis.call('HSET', record, 'o', 1, 'p', id, 't', t, 'b', r.b)
  if not state then return end
  r.k, r.q, r.s = 1, id, r.b
  redis.call('HSET', record, 'k', 1, 'q', id, 's', r.s, 'd', data)
end

local function announce(channel, r, data)
  if data then redis.call('SPUBLISH', channel, 'E ' .. r.e .. ' ' .. r.t .. ' ' .. r.p .. '\\n' .. data)
  else redis.call('SPUBLISH', channel, 'E ' .. r.e .. '\\n') end
end

-- The deltas above the keyframe; nil if the server has not all of them.
local function chain(log, r)
  local rest = entries(log, r.k + 1, '+')
  if #rest ~= r.o - r.k or (rest[1] and rest[1].n ~= r.k + 1) then return nil end
  return rest
end

-- Returns the record. Without one, and after a change of the lineage, the topic starts a new epoch. A state topic
-- takes along its newest value that the server has: the keyframe and the deltas above it.
local function open(record, log, channel, epoch)
  local m = redis.call('HMGET', record, 'e', 'o', 'g', 'p', 'k', 'q', 'b', 's', 'f', 't')
  local r = { e = m[1], o = tonumber(m[2] or 0), p = m[4] or '', k = tonumber(m[5] or 0), q = m[6] or '',
    b = tonumber(m[7] or 0), s = tonumber(m[8] or 0), f = tonumber(m[9] or 0), t = m[10] or '' }
  if m[1] and m[3] == ARGV[1] then return r end
  local data = r.k > 0 and redis.call('HGET', record, 'd')
  local rest = data and chain(log, r)
  local fresh = begin(record, log, epoch)
  if rest then
    first(fresh, record, log, true, data, r.t, r.q)
    announce(channel, fresh, data)
    for _, x in ipairs(rest) do
      local previous = fresh.p
      fresh.o, fresh.p, fresh.t, fresh.b = fresh.o + 1, x.id, x.t, fresh.b + #x.body
      append(log, fresh.o, x.form, x.body, x.t, x.id, fresh.b)
      redis.call('SPUBLISH', channel, line(fresh, x.form, x.body, previous))
    end
    redis.call('HSET', record, 'o', fresh.o, 'p', fresh.p, 't', fresh.t, 'b', fresh.b)
  elseif m[1] then announce(channel, fresh) end
  renew(record, log)
  return fresh
end

-- Removes what is beyond the limits, but nothing above the keyframe.
local function trim(record, log, r, floor, bytes, keepAbove)
  local from, keep = '-', nil
  repeat
    local page = redis.call('XRANGE', log, from, '+', 'COUNT', 32)
    for _, raw in ipairs(page) do
      local x = entry(raw)
      local below = x.b - #x.body
      local fits = (COUNT == 0 or x.n > r.o - COUNT) and tonumber(x.t) >= floor and (bytes == 0 or r.b - below <= bytes or x.n == r.o)
      if x.n > keepAbove or fits then keep = x.n redis.call('HSET', record, 'f', below) break end
      from = '(' .. raw[1]
    end
  until keep or #page == 0
  redis.call('XTRIM', log, 'MINID', keep or r.o + 1)
  return keep or r.o + 1
end
`;
}
