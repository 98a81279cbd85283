import { script, type Script } from './script.js';
import {
  appended,
  longestChain,
  message,
  packed,
  PACKED_FIELDS,
  topicConstants,
  topicLibrary,
  type TopicLimits,
} from './topic-library.js';

const FIELDS = PACKED_FIELDS.join(', ');
const RECORD = `{ ${PACKED_FIELDS.map((field) => `${field} = ${field}`).join(', ')} }`;

/**
 * Appends a publication. Keys: record, log, lease. Arguments: new epoch, channel, kind, id, base, delta, data, the
 * publication before it, flags (`s` starts an epoch, `r` sent before), fence, epoch and offset of `only`. Empty ones at the
 * end are left out, and the answer is a text and no list, because that costs the server less. Answers `OK` with epoch, offset,
 * and the count and bytes of the deltas above the keyframe; or `MOVED`, `FENCED`, or `NEED` if the publication before it is
 * missing, if the delta does not fit the newest publication, or if a keyframe is due.
 *
 * Most publications follow the newest one of a topic that exists. They do without the library and without a table for the
 * record, because making them costs the server a fifth of such a publication.
 */
export function publishScript(limits: TopicLimits): Script {
  const library = topicLibrary(limits);
  return script(
    'publish',
    `${topicConstants(limits)}
local CHAIN = ${longestChain(limits)}
local record, log, channel, kind, id = KEYS[2], KEYS[3], ARGV[3], ARGV[4], ARGV[5]
local base, delta, data, before, flags = ARGV[6] or '', ARGV[7] or '', ARGV[8] or '', ARGV[9] or '', ARGV[10] or ''
local fence, onlyEpoch, onlyOffset = ARGV[11] or '', ARGV[12], ARGV[13]
local ${FIELDS}
local stored, follows, start = nil, true, nil
local raw = redis.call('HGET', record, 'r')
if raw then ${FIELDS} = cmsgpack.unpack(raw) end

if g ~= ARGV[1] or flags ~= '' or (before ~= '' and before ~= p) then
${library}
  local r = open(record, log, channel, ARGV[2])
  ${FIELDS} = ${PACKED_FIELDS.map((field) => `r.${field}`).join(', ')}
  stored = string.find(flags, 'r', 1, true) and find(log, id)
  follows = before == '' or before == p or find(log, before)
  start = string.find(flags, 's', 1, true) and function()
    r = begin(record, log, ARGV[2])
    first(r, record, log, kind == 'state', data, NOW, id)
    renew(record, log)
    announce(channel, r, data)
    return string.format('OK %s %d 0 0', r.e, r.o)
  end
end

if id == p then stored = o end
if stored then return string.format('OK %s %d %d %d', e, stored, o - k, b - s) end
local lease = redis.call('HMGET', KEYS[4], 'k', 'x')
local held = lease[2] and tonumber(lease[2]) > NOW
if fence == '' then if held then return 'FENCED' end
elseif not held or lease[1] ~= fence then return 'FENCED' end
if onlyEpoch and (e ~= onlyEpoch or o ~= tonumber(onlyOffset)) then return 'MOVED' end
if not follows then return 'NEED' end
if start then return start() end

local fits = base ~= '' and base == p
if not fits and data == '' then return 'NEED' end
if data == '' and (o - k >= CHAIN or (BYTES > 0 and b - s + #delta > BYTES / 2)) then return 'NEED' end

-- The first publication of each interval renews the topic, so that it stays for its age after every publication.
local renews = math.floor(NOW / RENEWAL) ~= math.floor(t / RENEWAL)
local previous, form, body = p, fits and 'p' or 'd', fits and delta or data
o, p, t, b = o + 1, id, NOW, b + #body
${appended('', limits)}
if kind == 'state' and data ~= '' then
  k, q, s = o, id, b
  redis.call('HSET', record, 'r', ${packed('')}, 'd', data)
else redis.call('HSET', record, 'r', ${packed('')}) end
if renews then
  redis.call('PEXPIRE', record, TTL)
  redis.call('PEXPIRE', log, TTL)
end
if BYTES > 0 and b - f > BYTES * 9 / 8 then
${library}
  trim(record, log, ${RECORD}, 0, BYTES, kind == 'state' and k or o)
end
redis.call('SPUBLISH', channel, ${message('')})
return string.format('OK %s %d %d %d', e, o, o - k, b - s)
`,
  );
}
