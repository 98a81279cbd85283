import { publishScript } from './publish-script.js';
import { script, type Script } from './script.js';
import { topicConstants, topicLibrary, type TopicLimits } from './topic-library.js';

/** The scripts for topics. Nodes with other limits have other scripts, which live side by side on the server. */
export interface TopicScripts {
  readonly publish: Script;
  readonly read: Script;
  readonly check: Script;
  readonly replace: Script;
  readonly close: Script;
}

/**
 * Reads a topic. Keys: record, log. Arguments: new epoch, channel, kind, offset above which publications are wanted, most
 * bytes of those. Answers epoch, offset, id, time, keyframe and its offset, oldest offset, id at the wanted offset, and the
 * publications as offset, form, body, time, id.
 */
const READ = `
local record, log = KEYS[2], KEYS[3]
local r = open(record, log, ARGV[3], ARGV[2])
local state, above, most = ARGV[4] == 'state', tonumber(ARGV[5]), tonumber(ARGV[6])
local low = above and math.max(above, 0) or r.o
if state then low = math.min(low, r.k) end
local found = low < r.o and entries(log, low + 1, '+') or {}
if state and #found < r.o - r.k then
  -- The server evicted a part of the topic, and the value cannot be restored.
  r, found = begin(record, log, ARGV[2]), {}
  announce(ARGV[3], r)
end
renew(record, log)
local oldest = trim(record, log, r, AGE == 0 and 0 or NOW - AGE, BYTES, state and r.k or r.o)

local idAbove = false
if above == 0 then idAbove = '' elseif above == r.o then idAbove = r.p elseif above == r.k then idAbove = r.q
elseif above and above > 0 and above < r.o then
  local at = entries(log, above, above)[1]
  if at then idAbove = at.id end
end

local list = {}
for _, x in ipairs(found) do
  local wanted = (not most or r.b - x.b + #x.body <= most)
  if x.n >= oldest and (wanted or (state and x.n > r.k)) then
    for _, value in ipairs({ x.n, x.form, x.body, x.t, x.id }) do list[#list + 1] = value end
  end
end
return { r.e, r.o, r.p, r.t, state and r.k > 0 and redis.call('HGET', record, 'd'), r.k, oldest, idAbove, list }
`;

/** Renews topics. Keys: record and log of each. Arguments: new epoch, then the channel of each. Answers epoch, offset, id of each. */
const CHECK = `
local list = {}
for i = 2, #KEYS, 2 do
  local n = i / 2
  local r = open(KEYS[i], KEYS[i + 1], ARGV[n + 2], ARGV[2] .. '-' .. n)
  renew(KEYS[i], KEYS[i + 1])
  for _, value in ipairs({ r.e, r.o, r.p }) do list[#list + 1] = value end
end
return list
`;

/**
 * Starts a new epoch. Keys: record, log. Arguments: new epoch, channel, expected epoch, and to keep the value: `keep`, the
 * offset that the caller read, and the value and id if there is one. Answers `OK` or `MOVED` with the position.
 */
const REPLACE = `
local record, log, channel = KEYS[2], KEYS[3], ARGV[3]
local r = open(record, log, channel, ARGV[2])
if r.e ~= ARGV[4] then return { 'OK', r.e, r.o } end
if ARGV[5] == 'keep' and r.o ~= tonumber(ARGV[6]) then return { 'MOVED', r.e, r.o } end
local time = r.t
r = begin(record, log, ARGV[2])
if ARGV[7] then
  first(r, record, log, true, ARGV[7], time, ARGV[8])
  announce(channel, r, ARGV[7])
else announce(channel, r) end
renew(record, log)
return { 'OK', r.e, r.o }
`;

/** Removes a topic. Keys: record, log. Argument: channel. */
const CLOSE = `
redis.call('DEL', KEYS[2], KEYS[3])
redis.call('SPUBLISH', ARGV[2], 'C')
return 'OK'
`;

export function topicScripts(limits: TopicLimits): TopicScripts {
  const topic = (name: string, body: string): Script =>
    script(name, topicConstants(limits) + topicLibrary(limits) + body);
  return {
    publish: publishScript(limits),
    read: topic('read', READ),
    check: topic('check', CHECK),
    replace: topic('replace', REPLACE),
    close: script('close', CLOSE),
  };
}
