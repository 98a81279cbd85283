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

/** Milliseconds after which Redis removes a topic that no node uses. */
function topicTtl({ ageMs }: TopicLimits): number {
  return ageMs === 0 ? UNLIMITED_TTL_MS : Math.ceil(ageMs * 1.5);
}

/** Deltas above a keyframe, so that the limit of count removes none of them. */
export function longestChain({ count }: TopicLimits): number {
  return count === 0 ? Number.MAX_SAFE_INTEGER : Math.floor(count / 2);
}

/**
 * What the field `r` of a record has, in this order: `e` epoch, `g` lineage, `o` offset of the newest publication, `p` its
 * id, `t` its time, `b` bytes of all publications of the epoch, `k` offset of the keyframe, `q` its id, `s` bytes of the
 * publications up to it, `f` bytes of those that were trimmed. The field `d` is the keyframe. One packed field costs the
 * server less than ten.
 */
export const PACKED_FIELDS = ['e', 'g', 'o', 'p', 't', 'b', 'k', 'q', 's', 'f'] as const;

/** Lua expression: the packed field of a record, whose fields are variables with this prefix. */
export function packed(prefix: string): string {
  return `cmsgpack.pack(${PACKED_FIELDS.map((field) => prefix + field).join(', ')})`;
}

/** Lua statements: append the newest publication of a record to its log, and name its entry `at`. */
export function appended(r: string, { count }: TopicLimits): string {
  const limit = count > 0 ? `'MAXLEN', '~', '${count}', ` : '';
  return `local at = string.format('%d-%d', ${r}o, ${r}t)
redis.call('XADD', log, ${limit}at, string.format('%s%d %s', form, ${r}b, ${r}p), body)`;
}

/** Lua expression: the message that tells the nodes of the newest publication of a record. */
export function message(r: string): string {
  return `'P ' .. ${r}e .. ' ' .. at .. ' ' .. ${r}p .. ' ' .. previous .. ' ' .. form .. '\\n' .. body`;
}

/** Lua constants for the limits. */
export function topicConstants(limits: TopicLimits): string {
  return `
local COUNT, BYTES, AGE, TTL = ${limits.count}, ${limits.bytes}, ${limits.ageMs}, ${topicTtl(limits)}
local RENEWAL = TTL / 6
`;
}

/**
 * Lua functions for topics. The id of an entry of the log is offset and time of a publication. Its only field is named by
 * the form, `d` data or `p` delta, the bytes of the publications up to it, a space and the id. Redis formats whole numbers
 * slowly, so those of each publication are formatted here, once.
 */
export function topicLibrary(limits: TopicLimits): string {
  return `
local SEARCHED = ${limits.count === 0 ? MOST_SEARCHED : Math.max(limits.count, 128)}

local function entry(raw)
  local n, t = string.match(raw[1], '^(%d+)-(%d+)$')
  local form, b, id = string.match(raw[2][1], '^(%a)(%d+) (.*)$')
  return { n = tonumber(n), form = form, body = raw[2][2], t = tonumber(t), id = id, b = tonumber(b) }
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

-- Appends the newest publication of the record. Returns the id of its entry.
local function append(log, r, form, body)
  ${appended('r.', limits)}
  return at
end

local function line(r, at, form, body, previous)
  return ${message('r.')}
end

-- Stores the record, and its keyframe if there is a new one.
local function save(record, r, data)
  if data then redis.call('HSET', record, 'r', ${packed('r.')}, 'd', data)
  else redis.call('HSET', record, 'r', ${packed('r.')}) end
end

-- The record as it starts in a new epoch. A script that has written is not refused for lack of memory, and DEL writes, so
-- a command that may be refused comes first.
local function begin(record, log, epoch)
  local r = { e = epoch, g = ARGV[1], o = 0, p = '', t = 0, b = 0, k = 0, q = '', s = 0, f = 0 }
  save(record, r)
  redis.call('HDEL', record, 'd')
  redis.call('DEL', log)
  return r
end

-- Appends the publication that a new epoch starts with.
local function first(r, record, log, state, data, t, id)
  r.o, r.p, r.t, r.b = 1, id, t, #data
  append(log, r, 'd', data)
  if state then r.k, r.q, r.s = 1, id, r.b end
  save(record, r, state and data)
end

local function announce(channel, r, data)
  if data then redis.call('SPUBLISH', channel, 'E ' .. r.e .. ' ' .. string.format('%d', r.t) .. ' ' .. r.p .. '\\n' .. data)
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
  local packed = redis.call('HGET', record, 'r')
  if not packed then
    local fresh = begin(record, log, epoch)
    renew(record, log)
    return fresh
  end
  local ${PACKED_FIELDS.join(', ')} = cmsgpack.unpack(packed)
  local r = { ${PACKED_FIELDS.map((field) => `${field} = ${field}`).join(', ')} }
  if g == ARGV[1] then return r end
  local data = r.k > 0 and redis.call('HGET', record, 'd')
  local rest = data and chain(log, r)
  local fresh = begin(record, log, epoch)
  if rest then
    first(fresh, record, log, true, data, r.t, r.q)
    announce(channel, fresh, data)
    for _, x in ipairs(rest) do
      local previous = fresh.p
      fresh.o, fresh.p, fresh.t, fresh.b = fresh.o + 1, x.id, x.t, fresh.b + #x.body
      local at = append(log, fresh, x.form, x.body)
      redis.call('SPUBLISH', channel, line(fresh, at, x.form, x.body, previous))
    end
    save(record, fresh)
  else announce(channel, fresh) end
  renew(record, log)
  return fresh
end

-- Removes what is beyond the limits, but nothing above the keyframe.
local function trim(record, log, r, floor, bytes, keepAbove)
  local from, keep, trimmed = '-', nil, r.f
  repeat
    local page = redis.call('XRANGE', log, from, '+', 'COUNT', 32)
    for _, raw in ipairs(page) do
      local x = entry(raw)
      local below = x.b - #x.body
      local fits = (COUNT == 0 or x.n > r.o - COUNT) and x.t >= floor and (bytes == 0 or r.b - below <= bytes or x.n == r.o)
      if x.n > keepAbove or fits then keep, r.f = x.n, below break end
      from = '(' .. raw[1]
    end
  until keep or #page == 0
  if r.f ~= trimmed then save(record, r) end
  redis.call('XTRIM', log, 'MINID', keep or r.o + 1)
  return keep or r.o + 1
end
`;
}
