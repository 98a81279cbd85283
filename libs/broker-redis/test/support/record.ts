import { PACKED_FIELDS } from '../../src/scripts/topic-library.js';

type Send = (...args: string[]) => Promise<unknown>;
type Field = (typeof PACKED_FIELDS)[number];

const READ = `return { cmsgpack.unpack(redis.call('HGET', KEYS[1], 'r')) }`;
const CHANGE = `
local fields = { cmsgpack.unpack(redis.call('HGET', KEYS[1], 'r')) }
for i = 1, #ARGV, 2 do
  local at = tonumber(ARGV[i])
  fields[at] = type(fields[at]) == 'number' and tonumber(ARGV[i + 1]) or ARGV[i + 1]
end
redis.call('HSET', KEYS[1], 'r', cmsgpack.pack(unpack(fields)))`;

/** Reads a field of the record of a topic. Undefined: there is no record. */
export async function recordField(send: Send, record: string, field: Field): Promise<unknown> {
  if ((await send('EXISTS', record)) === 0) return undefined;
  const fields = (await send('EVAL', READ, '1', record)) as unknown[];
  return fields[PACKED_FIELDS.indexOf(field)];
}

/** Changes fields of the record of a topic, which has to exist. */
export async function changeRecord(send: Send, record: string, changes: Partial<Record<Field, string>>): Promise<void> {
  const args = Object.entries(changes).flatMap(([field, value]) => [
    String(PACKED_FIELDS.indexOf(field as Field) + 1),
    value,
  ]);
  await send('EVAL', CHANGE, '1', record, ...args);
}
