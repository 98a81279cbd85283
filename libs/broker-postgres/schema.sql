-- The schema of the Statewire broker, version 1. Run it once, in one transaction: psql -1 -f schema.sql
-- The package runs the same file by itself (option "migrate"), with the name of the schema from its options.
--
-- Times are milliseconds since the Unix epoch, by the clock of the server. All tables but "meta" and "lease_count" are unlogged:
-- after a crash, and on a promoted standby, they are empty, and every topic starts a new epoch.

do $$ begin
  if to_regnamespace('statewire') is null then create schema statewire; end if;
end $$;

create table statewire.meta (version int not null);
insert into statewire.meta values (1);

-- One row: since when the data has been complete, and the server and tables that it belongs to.
create unlogged table statewire.life (began bigint not null, stamp text not null);

create sequence statewire.log_number;

-- "log" numbers the history of an epoch. "oldest" is the first publication that is stored. "bytes" counts the publications of the epoch,
-- "trimmed" those below "oldest", "keyframe_bytes" those up to the keyframe.
create unlogged table statewire.topic (
  name text collate "C" primary key,
  channel int not null,
  log bigint not null,
  epoch text not null,
  "offset" bigint not null,
  id text not null,
  time bigint not null,
  keyframe bigint not null,
  keyframe_id text not null,
  keyframe_bytes bigint not null,
  bytes bigint not null,
  trimmed bigint not null,
  oldest bigint not null,
  expires bigint not null
) with (fillfactor = 50);

-- "bytes" counts the publications of the epoch up to this one.
create unlogged table statewire.log (
  log bigint not null,
  "offset" bigint not null,
  id text not null,
  time bigint not null,
  size int not null,
  bytes bigint not null,
  delta text,
  data text,
  primary key (log, "offset")
);

-- The result of the last batch of each node, for a batch that is sent again because its reply was lost.
create unlogged table statewire.batch (
  node text primary key,
  number bigint not null,
  result json not null,
  expires bigint not null
) with (fillfactor = 50);

-- Publications of transactions of the application. Those that have a place were committed.
create unlogged table statewire.outbox (
  number bigserial primary key,
  topic text collate "C" not null,
  kind text not null,
  id text not null,
  data text not null,
  origin text not null,
  expires bigint not null
);
create unlogged table statewire.outbox_order (
  place bigserial primary key,
  number bigint not null,
  topic text collate "C" not null,
  expires bigint not null
);
create index on statewire.outbox_order (topic, place);

create unlogged table statewire.claim (
  key text primary key,
  fingerprint text not null,
  state text not null,
  node text not null,
  call text not null,
  answer text,
  awaited boolean not null default false,
  expires bigint not null
) with (fillfactor = 70);

-- The row outlives the lease, so that tokens grow even if the clock of the server goes back.
create unlogged table statewire.lease (
  name text primary key,
  node text not null,
  call text not null,
  token bigint not null,
  until bigint not null,
  expires bigint not null
) with (fillfactor = 50);

-- Counts the leases of topics that were taken, in 256 parts. A transaction that publishes locks the part of its topic at the commit, so
-- that no node takes the lease meanwhile. If one was taken after the snapshot of the transaction, the lock fails.
create table statewire.lease_count (part int primary key, count bigint not null) with (fillfactor = 50);
insert into statewire.lease_count select part, 0 from generate_series(0, 255) part;

create unlogged table statewire.node (id text primary key, expires bigint not null) with (fillfactor = 50);

-- "life" tells the members of a node that came back from those that another node takes for ended.
create unlogged table statewire.member (
  topic text not null,
  key text not null,
  node text not null,
  life int not null,
  member text not null,
  expires bigint not null,
  primary key (topic, key)
);
create index on statewire.member (node);

-- Messages between nodes that are too long for a notification.
create unlogged table statewire.mail (id text primary key, body text not null, expires bigint not null);

create type statewire.limits as (count int, bytes bigint, age bigint);

create function statewire.now_ms() returns bigint language sql volatile as
$$ select (extract(epoch from clock_timestamp()) * 1000)::bigint $$;

create function statewire.new_epoch() returns text language sql volatile as
$$ select left(replace(gen_random_uuid()::text, '-', ''), 20) $$;

-- A topic without a limit of age is forgotten a week after its last use.
create function statewire.topic_ttl(lim statewire.limits) returns bigint language sql immutable as
$$ select case when lim.age = 0 then 604800000 else (lim.age * 3 + 1) / 2 end $$;

-- Deltas above a keyframe, so that the limit of count removes none of them.
create function statewire.longest_chain(lim statewire.limits) returns bigint language sql immutable as
$$ select case when lim.count = 0 then 9007199254740991 else lim.count / 2 end $$;

-- Names the server and the tables that the data belongs to. Data that was restored from a dump belongs to others.
create function statewire.stamp() returns text language sql volatile as $$
  select concat_ws(':', (select system_identifier from pg_control_system()), d.oid, 'statewire.topic'::regclass::oid)
  from pg_database d where d.datname = current_database()
$$;

-- Tells since when the data has been complete. All topics start new epochs, with their histories, if it may have gone back.
create function statewire.adopt() returns bigint language plpgsql as $$
declare known record; now bigint := statewire.now_ms();
begin
  lock table statewire.life in exclusive mode;
  select * into known from statewire.life;
  if found and known.stamp = statewire.stamp() then return known.began; end if;
  delete from statewire.life;
  insert into statewire.life values (now, statewire.stamp());
  perform 1 from statewire.topic order by name for update;
  update statewire.topic set epoch = statewire.new_epoch();
  return now;
end $$;

create function statewire.save(t statewire.topic) returns void language sql as $$
  update statewire.topic set log = t.log, epoch = t.epoch, "offset" = t."offset", id = t.id, time = t.time,
    keyframe = t.keyframe, keyframe_id = t.keyframe_id, keyframe_bytes = t.keyframe_bytes, bytes = t.bytes,
    trimmed = t.trimmed, oldest = t.oldest, expires = t.expires
  where name = t.name
$$;

-- Returns the topic as it starts in a new epoch. The caller saves it.
create function statewire.begin_epoch(t statewire.topic) returns statewire.topic language plpgsql as $$
begin
  delete from statewire.log where log = t.log;
  t.log := nextval('statewire.log_number');
  t.epoch := statewire.new_epoch();
  t."offset" := 0; t.id := ''; t.time := 0;
  t.keyframe := 0; t.keyframe_id := ''; t.keyframe_bytes := 0;
  t.bytes := 0; t.trimmed := 0; t.oldest := 1;
  return t;
end $$;

-- Tells the listeners of a topic something. Text that is too long for a notification is left out, and they read it.
create function statewire.tell(t statewire.topic, head text, body text) returns void language plpgsql as $$
begin
  if octet_length(head) + octet_length(body) < 7900 then
    perform pg_notify('statewire:' || t.channel, head || E'\n' || body);
  else
    perform pg_notify('statewire:' || t.channel, head || ' r');
  end if;
end $$;

create function statewire.tell_epoch(t statewire.topic, first text) returns void language plpgsql as $$
begin
  if first is null then perform statewire.tell(t, concat_ws(' ', 'E', t.name, t.epoch), '');
  else perform statewire.tell(t, concat_ws(' ', 'E', t.name, t.epoch, t.time, t.id), first); end if;
end $$;

-- Appends a publication. The caller saves the topic and tells its listeners.
create function statewire.append(t statewire.topic, kind text, id text, delta text, data text, lim statewire.limits)
returns statewire.topic language plpgsql as $$
declare size int := octet_length(coalesce(delta, data)); now bigint := statewire.now_ms();
begin
  t."offset" := t."offset" + 1; t.id := id; t.time := now; t.bytes := t.bytes + size;
  insert into statewire.log values (t.log, t."offset", id, now, size, t.bytes, delta, data);
  if kind = 'state' and data is not null then
    t.keyframe := t."offset"; t.keyframe_id := id; t.keyframe_bytes := t.bytes;
  end if;
  if t.expires < now + statewire.topic_ttl(lim) * 5 / 6 then t.expires := now + statewire.topic_ttl(lim); end if;
  if (lim.count > 0 and t."offset" - t.oldest >= lim.count + lim.count / 8)
    or (lim.bytes > 0 and t.bytes - t.trimmed > lim.bytes / 8 * 9) or t."offset" % 64 = 0
  then t := statewire.trim(t, lim); end if;
  return t;
end $$;

-- The oldest publication within the limits. Of a state topic those above the keyframe are never beyond them.
create function statewire.oldest_within(t statewire.topic, lim statewire.limits) returns bigint language plpgsql as $$
declare beyond bigint; now bigint := statewire.now_ms();
begin
  select l."offset" into beyond from statewire.log l
  where l.log = t.log and ((lim.count > 0 and l."offset" <= t."offset" - lim.count)
    or (lim.age > 0 and l.time < now - lim.age)
    or (lim.bytes > 0 and t.bytes - l.bytes + l.size > lim.bytes and l."offset" < t."offset"))
  order by l."offset" desc limit 1;
  beyond := coalesce(beyond + 1, t.oldest);
  if t.keyframe > 0 then beyond := least(beyond, t.keyframe + 1); end if;
  return greatest(beyond, t.oldest);
end $$;

-- Deletes what is beyond the limits, but not the keyframe.
create function statewire.trim(t statewire.topic, lim statewire.limits) returns statewire.topic language plpgsql as $$
declare keep bigint := statewire.oldest_within(t, lim);
begin
  if t.keyframe > 0 then keep := least(keep, t.keyframe); end if;
  if keep <= t.oldest then return t; end if;
  delete from statewire.log l where l.log = t.log and l."offset" < keep;
  t.oldest := keep;
  t.trimmed := coalesce((select l.bytes - l.size from statewire.log l where l.log = t.log and l."offset" = keep), t.bytes);
  return t;
end $$;

-- Appends what transactions have committed, or the first "most" of it. The caller holds the lock of the topic.
create function statewire.append_committed(t statewire.topic, most bigint, lim statewire.limits) returns statewire.topic
language plpgsql as $$
declare placed record; p record; previous text;
begin
  for placed in select o.place, o.number from statewire.outbox_order o where o.topic = t.name order by o.place limit most loop
    delete from statewire.outbox_order where place = placed.place;
    delete from statewire.outbox where number = placed.number returning kind, id, data into p;
    continue when not found;
    previous := t.id;
    t := statewire.append(t, p.kind, p.id, null, p.data, lim);
    perform statewire.tell(t, concat_ws(' ', 'P', t.name, t.epoch, t."offset", t.time, t.id, previous, 'd'), p.data);
  end loop;
  perform statewire.save(t);
  return t;
end $$;

-- Returns a topic, locked and saved. Creates it if it does not exist, and appends what transactions have committed. Calls for
-- several topics come in the order of the names, so that they wait for each other in one direction.
create function statewire.open(topic_name text, lim statewire.limits, most bigint default null) returns statewire.topic
language plpgsql as $$
declare t statewire.topic; now bigint;
begin
  loop
    select * into t from statewire.topic where name = topic_name for no key update;
    exit when found;
    insert into statewire.topic values (topic_name, get_byte(sha256(convert_to(topic_name, 'UTF8')), 0) & 15,
      nextval('statewire.log_number'), statewire.new_epoch(), 0, '', 0, 0, '', 0, 0, 0, 1,
      statewire.now_ms() + statewire.topic_ttl(lim)) on conflict do nothing;
  end loop;
  now := statewire.now_ms();
  if t.expires <= now then
    t := statewire.begin_epoch(t);
    t.expires := now + statewire.topic_ttl(lim);
    perform statewire.save(t);
    perform statewire.tell_epoch(t, null);
  end if;
  if exists (select 1 from statewire.outbox_order o where o.topic = topic_name) then
    t := statewire.append_committed(t, most, lim);
  end if;
  return t;
end $$;

-- Stores the publications of a node, in the order of their numbers. A batch that was stored before is answered as it was then.
-- The outcomes are OK with the position and the count and bytes of the deltas above the keyframe, MOVED, FENCED, and NEED if
-- the value is missing; behind it, publications of the same topic are NEED as well.
create function statewire.publish(caller text, batch_number bigint, items json, lim statewire.limits) returns json
language plpgsql as $$
declare
  p record; t statewire.topic; held record; known record; previous text; fits boolean; is_blocked boolean;
  outcome text; answers json[] := '{}'; reply json; now bigint;
begin
  -- The statement may still run that a lost connection sent before.
  loop
    select * into known from statewire.batch where node = caller for update;
    exit when found;
    insert into statewire.batch values (caller, 0, '[]', statewire.now_ms() + 600000) on conflict do nothing;
  end loop;
  if known.number >= batch_number then return known.result; end if;
  for p in
    select * from json_to_recordset(items) as x(n int, topic text, kind text, id text, epoch text, "offset" bigint,
      fence bigint, starts boolean, base text, delta text, data text)
    order by x.topic collate "C", x.n
  loop
    if t.name is distinct from p.topic then
      if t.name is not null then perform statewire.save(t); end if;
      t := statewire.open(p.topic, lim);
      now := statewire.now_ms();
      select token into held from statewire.lease where name = 'topic:' || p.topic and until > now;
      is_blocked := false;
    end if;
    fits := t."offset" > 0 and p.base = t.id and p.delta is not null and not p.starts;
    if is_blocked then outcome := 'NEED';
    elsif held.token is distinct from p.fence then outcome := 'FENCED';
    elsif p.epoch is not null and (t.epoch <> p.epoch or t."offset" <> p."offset") then outcome := 'MOVED';
    elsif p.data is null and (not coalesce(fits, false) or t."offset" - t.keyframe >= statewire.longest_chain(lim)
      or (lim.bytes > 0 and t.bytes - t.keyframe_bytes + octet_length(p.delta) > lim.bytes / 2))
    then
      outcome := 'NEED';
      is_blocked := true;
    else
      outcome := 'OK';
      if p.starts then t := statewire.begin_epoch(t); end if;
      previous := t.id;
      fits := coalesce(fits, false);
      t := statewire.append(t, p.kind, p.id, case when fits then p.delta end, p.data, lim);
      if p.starts then perform statewire.tell_epoch(t, p.data);
      else
        perform statewire.tell(t, 'P ' || t.name || ' ' || t.epoch || ' ' || t."offset" || ' ' || t.time || ' ' || t.id || ' ' ||
          previous || case when fits then ' p' else ' d' end, case when fits then p.delta else p.data end);
      end if;
    end if;
    answers := answers || json_build_array(p.n, outcome, t.epoch, t."offset", t."offset" - t.keyframe, t.bytes - t.keyframe_bytes);
  end loop;
  if t.name is not null then perform statewire.save(t); end if;
  reply := array_to_json(answers);
  update statewire.batch set number = batch_number, result = reply, expires = statewire.now_ms() + 600000 where node = caller;
  return reply;
end $$;

-- Reads a topic. The first row has the position and the keyframe, the others have publications.
create function statewire.read(topic_name text, topic_kind text, above bigint, most bigint, lim statewire.limits)
returns table (head json, "offset" bigint, id text, "time" bigint, delta text, data text) language plpgsql as $$
declare
  t statewire.topic; before statewire.topic; low bigint; oldest bigint; is_state boolean := topic_kind = 'state'; value text; id_above text;
begin
  t := statewire.open(topic_name, lim);
  before := t;
  if is_state and t.keyframe > 0 then
    select l.data into value from statewire.log l where l.log = t.log and l."offset" = t.keyframe;
    if value is null or (select count(*) from statewire.log l where l.log = t.log and l."offset" > t.keyframe) < t."offset" - t.keyframe
    then
      -- A part of the history was deleted, and the value cannot be restored.
      t := statewire.begin_epoch(t);
      value := null;
      perform statewire.tell_epoch(t, null);
    end if;
  end if;
  if t.expires < statewire.now_ms() + statewire.topic_ttl(lim) * 5 / 6 then
    t.expires := statewire.now_ms() + statewire.topic_ttl(lim);
  end if;
  t := statewire.trim(t, lim);
  if t is distinct from before then perform statewire.save(t); end if;
  oldest := statewire.oldest_within(t, lim);
  low := case when above is null then t."offset" else greatest(above, 0) end;
  if is_state then low := least(low, t.keyframe); end if;
  if above = 0 then id_above := '';
  elsif above = t."offset" then id_above := t.id;
  elsif above = t.keyframe then id_above := t.keyframe_id;
  elsif above >= oldest and above < t."offset" then
    select l.id into id_above from statewire.log l where l.log = t.log and l."offset" = above;
  end if;
  head := json_build_object('epoch', t.epoch, 'offset', t."offset", 'id', t.id, 'time', t.time,
    'keyframe', t.keyframe, 'oldest', oldest, 'idAbove', id_above);
  data := value;
  return next;
  return query
    select null::json, l."offset", l.id, l.time, l.delta, case when l.delta is null then l.data end
    from statewire.log l
    where l.log = t.log and l."offset" > low and l."offset" >= oldest
      and (most is null or t.bytes - l.bytes + l.size <= most or (is_state and l."offset" > t.keyframe))
    order by l."offset";
end $$;

-- Returns publications that were too long for a notification.
create function statewire.entries(topic_name text, topic_epoch text, first bigint, last bigint)
returns table ("offset" bigint, delta text, data text) language sql stable as $$
  select l."offset", l.delta, case when l.delta is null then l.data end
  from statewire.topic t join statewire.log l on l.log = t.log
  where t.name = topic_name and t.epoch = topic_epoch and l."offset" between first and last
$$;

-- Renews topics, and returns those that do not stand where the caller thinks.
create function statewire.standings(items json, lim statewire.limits)
returns table (name text, epoch text, "offset" bigint, id text) language plpgsql as $$
#variable_conflict use_column
declare p record; t statewire.topic; now bigint := statewire.now_ms(); ttl bigint := statewire.topic_ttl(lim);
begin
  update statewire.topic u set expires = now + ttl
  from (select s.name from statewire.topic s
    where s.name in (select x.topic from json_to_recordset(items) as x(topic text))
      and s.expires > now and s.expires < now + ttl * 5 / 6
    order by s.name for no key update) due
  where u.name = due.name;
  for p in
    select x.topic from json_to_recordset(items) as x(topic text) left join statewire.topic s on s.name = x.topic
    where s.name is null or s.expires <= now or exists (select 1 from statewire.outbox_order o where o.topic = x.topic)
    order by x.topic collate "C"
  loop
    t := statewire.open(p.topic, lim);
  end loop;
  return query
    select s.name::text, s.epoch, s."offset", s.id
    from json_to_recordset(items) as x(topic text, epoch text, "offset" bigint) join statewire.topic s on s.name = x.topic
    where s.epoch is distinct from x.epoch or s."offset" is distinct from x."offset";
end $$;

-- Starts a new epoch if the current one is the expected one. With a value of the given offset, the value is its first
-- publication. Returns nothing if the topic has left that offset.
create function statewire.replace_epoch(topic_name text, expected text, kept_offset bigint, kept_data text, kept_id text,
  lim statewire.limits) returns table (epoch text, "offset" bigint) language plpgsql as $$
declare t statewire.topic; kept_time bigint;
begin
  t := statewire.open(topic_name, lim);
  if t.epoch = expected then
    if kept_offset is not null and t."offset" <> kept_offset then return; end if;
    kept_time := t.time;
    t := statewire.begin_epoch(t);
    if kept_offset is not null then
      t := statewire.append(t, 'state', kept_id, null, kept_data, lim);
      t.time := kept_time;
      update statewire.log l set time = kept_time where l.log = t.log;
    end if;
    perform statewire.save(t);
    perform statewire.tell_epoch(t, kept_data);
  end if;
  epoch := t.epoch; "offset" := t."offset";
  return next;
end $$;

create function statewire.close(topic_name text, lim statewire.limits) returns void language plpgsql as $$
declare t statewire.topic;
begin
  t := statewire.open(topic_name, lim);
  delete from statewire.log where log = t.log;
  delete from statewire.topic where name = topic_name;
  perform statewire.tell(t, 'C ' || t.name, '');
end $$;

-- Keeps a publication until the transaction of the caller commits. Its role needs only the right to call this function.
create function statewire.publish_at_commit(origin text, topic text, kind text, id text, data text) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
  insert into statewire.outbox (topic, kind, id, data, origin, expires)
  values (topic, kind, id, data, origin, statewire.now_ms() + 604800000)
$$;

-- Gives a publication its place at the commit. A transaction that sees an old state of the lease has to be repeated.
create function statewire.place_in_order() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform 1 from statewire.lease_count where part = hashtext(new.topic) & 255 for share;
  -- Somebody emptied the table. The new row locks the part as well.
  if not found then insert into statewire.lease_count values (hashtext(new.topic) & 255, 0) on conflict do nothing; end if;
  if exists (select 1 from statewire.lease where name = 'topic:' || new.topic and until > statewire.now_ms()) then
    raise exception 'The holder of the lease of the topic "%" is its only writer.', new.topic
      using errcode = case when current_setting('transaction_isolation') = 'read committed'
        then 'object_not_in_prerequisite_state' else 'serialization_failure' end;
  end if;
  insert into statewire.outbox_order (number, topic, expires) values (new.number, new.topic, statewire.now_ms() + 604800000);
  perform pg_notify('statewire:n:' || new.origin, 'outbox');
  return null;
end $$;

create constraint trigger place_in_order after insert on statewire.outbox
  deferrable initially deferred for each row execute function statewire.place_in_order();

-- Also in a session with "session_replication_role = replica", such as one that imports data.
alter table statewire.outbox enable always trigger place_in_order;

-- Appends the first 500 publications that transactions have committed. Returns whether there may be more. A longer statement
-- would hold up all nodes.
create function statewire.drain(lim statewire.limits) returns boolean language plpgsql as $$
declare p record; t statewire.topic; found_count bigint := 0;
begin
  for p in
    select o.topic, count(*) as count from (select topic from statewire.outbox_order order by place limit 500) o
    group by o.topic order by o.topic
  loop
    t := statewire.open(p.topic, lim, p.count);
    found_count := found_count + p.count;
  end loop;
  return found_count = 500;
end $$;

-- Returns the token, or the milliseconds for which another node holds the lease at least.
create function statewire.take_lease(lease_name text, caller text, call_id text, ttl bigint, lim statewire.limits)
returns table (token bigint, held_for bigint) language plpgsql as $$
declare l statewire.lease; now bigint; topic_name text := substring(lease_name from '^topic:(.*)$'); t statewire.topic;
begin
  if topic_name is not null then
    perform 1 from statewire.lease_count where part = hashtext(topic_name) & 255 for no key update skip locked;
    if not found then
      -- The row is locked, or somebody emptied the table.
      insert into statewire.lease_count values (hashtext(topic_name) & 255, 0) on conflict do nothing;
      held_for := 20;
      return next;
      return;
    end if;
    -- Publications under way come before the lease.
    t := statewire.open(topic_name, lim);
  end if;
  loop
    select * into l from statewire.lease where name = lease_name for update;
    exit when found;
    insert into statewire.lease values (lease_name, '', '', 0, 0, 0) on conflict do nothing;
  end loop;
  now := statewire.now_ms();
  if l.until > now + ttl then
    -- The clock of the server went back. The holder renews the lease sooner.
    l.until := now + ttl;
    update statewire.lease set until = l.until where name = lease_name;
  end if;
  if l.until > now then
    if l.node = caller and l.call = call_id then token := l.token; else held_for := l.until - now; end if;
    return next;
    return;
  end if;
  update statewire.lease_count set count = count + 1 where part = hashtext(topic_name) & 255;
  token := greatest(l.token + 1, (extract(epoch from clock_timestamp()) * 1000000)::bigint);
  update statewire.lease u set node = caller, call = call_id, token = take_lease.token, until = now + ttl, expires = now + 86400000
  where u.name = lease_name;
  return next;
end $$;

create function statewire.renew_lease(lease_name text, held bigint, ttl bigint) returns boolean language plpgsql as $$
begin
  update statewire.lease set until = statewire.now_ms() + ttl, expires = statewire.now_ms() + 86400000
  where name = lease_name and token = held and until > statewire.now_ms();
  return found;
end $$;

create function statewire.release_lease(lease_name text, held bigint) returns void language plpgsql as $$
begin
  update statewire.lease set until = 0 where name = lease_name and token = held and until > 0;
  if found then perform pg_notify('statewire:w', 'L ' || lease_name); end if;
end $$;

create function statewire.lease_holder(lease_name text) returns text language sql as
$$ select node from statewire.lease where name = lease_name and until > statewire.now_ms() $$;

-- States of a claim: running, settled, lost. Returns the state, then the answer or the node and call that run it.
create function statewire.take_claim(claim_key text, print text, caller text, call_id text, again_ms bigint, began bigint, ttl bigint)
returns text[] language plpgsql as $$
declare c statewire.claim; now bigint;
begin
  loop
    select * into c from statewire.claim where key = claim_key for update;
    now := statewire.now_ms();
    if found and c.expires > now then
      if c.state = 'lost' and c.fingerprint in ('', print) then return '{lost}'; end if;
      if c.fingerprint <> print then return '{conflict}'; end if;
      if c.state = 'settled' then return array['settled', c.answer]; end if;
      if c.node = caller and c.call = call_id then return '{claimed}'; end if;
      update statewire.claim set awaited = true where key = claim_key;
      return array['running', c.node, c.call];
    end if;
    if again_ms is not null and now - began < again_ms then return '{lost}'; end if;
    if found then delete from statewire.claim where key = claim_key; end if;
    insert into statewire.claim values (claim_key, print, 'running', caller, call_id, null, false, now + ttl) on conflict do nothing;
    if found then return '{claimed}'; end if;
  end loop;
end $$;

create function statewire.look_at_claim(claim_key text, print text) returns text[] language sql as $$
  select case when state = 'settled' then array[state, answer] else array[state, node, call] end
  from statewire.claim where key = claim_key and fingerprint = print and expires > statewire.now_ms()
$$;

create function statewire.settle_claim(claim_key text, print text, caller text, call_id text, result text, ttl bigint)
returns boolean language plpgsql as $$
declare c statewire.claim; now bigint := statewire.now_ms();
begin
  insert into statewire.claim as s values (claim_key, print, 'settled', caller, call_id, result, false, now + ttl)
  on conflict (key) do update set state = 'settled', answer = result, expires = now + ttl
    where s.node = caller and s.call = call_id
  returning * into c;
  if not found then return false; end if;
  if c.awaited then perform pg_notify('statewire:w', 'C ' || claim_key); end if;
  return true;
end $$;

create function statewire.give_back_claim(claim_key text, caller text, call_id text) returns void language plpgsql as $$
begin
  delete from statewire.claim where key = claim_key and state = 'running' and node = caller and call = call_id;
  if found then perform pg_notify('statewire:w', 'C ' || claim_key); end if;
end $$;

-- Declares the claim of an ended node lost.
create function statewire.bury_claim(claim_key text, caller text, call_id text, ttl bigint) returns void language plpgsql as $$
begin
  update statewire.claim set state = 'lost', expires = statewire.now_ms() + ttl
  where key = claim_key and state = 'running' and node = caller and call = call_id;
  if found then perform pg_notify('statewire:w', 'C ' || claim_key); end if;
end $$;

create function statewire.forget_claims(keys json, ttl bigint) returns void language sql as $$
  update statewire.claim u set state = 'lost', fingerprint = '', answer = null, expires = statewire.now_ms() + ttl
  from (select key from statewire.claim where key in (select json_array_elements_text(keys)) and state = 'settled'
    order by key for update) due
  where u.key = due.key
$$;

create function statewire.keep_claims(keys json, caller text, ttl bigint) returns void language sql as $$
  update statewire.claim u set expires = statewire.now_ms() + ttl
  from (select key from statewire.claim where key in (select json_array_elements_text(keys)) and state = 'running' and node = caller
    order by key for update) due
  where u.key = due.key
$$;

-- A sign of life. Returns whether the node counted as alive before.
create function statewire.beat(caller text, ttl bigint) returns boolean language plpgsql as $$
declare was_alive boolean;
begin
  select expires > statewire.now_ms() into was_alive from statewire.node where id = caller;
  insert into statewire.node values (caller, statewire.now_ms() + ttl) on conflict (id) do update set expires = excluded.expires;
  return coalesce(was_alive, false);
end $$;

create function statewire.alive_nodes() returns setof text language sql as
$$ select id from statewire.node where expires > statewire.now_ms() $$;

create function statewire.end_node(caller text) returns void language sql as $$
  delete from statewire.node where id = caller;
  delete from statewire.batch where node = caller;
$$;

-- Adds members of a node. With "repeated", members with the same id on other nodes stay.
create function statewire.join(caller text, caller_life int, items json, repeated boolean, ttl bigint) returns void language sql as $$
  insert into statewire.member as m
  select topic, key, caller, caller_life, member, statewire.now_ms() + ttl
  from json_to_recordset(items) as x(topic text, key text, member text) order by topic, key
  on conflict (topic, key) do update
    set node = caller, life = caller_life, member = excluded.member, expires = excluded.expires
    where not repeated or m.node = caller
$$;

create function statewire.leave(items json) returns void language sql as $$
  delete from statewire.member m using (
    select s.topic, s.key from json_to_recordset(items) as x(topic text, key text) join statewire.member s using (topic, key)
    order by s.topic, s.key for update of s) due
  where m.topic = due.topic and m.key = due.key
$$;

create function statewire.members(topic_name text) returns table (node text, life int, member text) language sql as
$$ select node, life, member from statewire.member where topic = topic_name and expires > statewire.now_ms() $$;

-- Removes the members of a node that ended, unless it came back.
create function statewire.expel(topic_name text, ended text, ended_life int) returns void language sql as
$$ delete from statewire.member where topic = topic_name and node = ended and life = ended_life $$;

-- Renews the members of a node, and returns how many the server has.
create function statewire.keep_members(caller text, ttl bigint) returns bigint language plpgsql as $$
declare kept bigint;
begin
  update statewire.member set expires = statewire.now_ms() + ttl where node = caller;
  get diagnostics kept = row_count;
  return kept;
end $$;

create function statewire.send(receiver text, mail_id text, body text, ttl bigint) returns void language plpgsql as $$
begin
  if octet_length(body) < 7900 then perform pg_notify('statewire:n:' || receiver, 'M' || body);
  else
    insert into statewire.mail values (mail_id, body, statewire.now_ms() + ttl) on conflict do nothing;
    perform pg_notify('statewire:n:' || receiver, 'R' || mail_id);
  end if;
end $$;

create function statewire.collect(mail_id text) returns text language sql as
$$ delete from statewire.mail where id = mail_id returning body $$;

-- Deletes what has expired. One node at a time does it.
create function statewire.clean(lim statewire.limits, with_orphans boolean) returns void language plpgsql as $$
declare now bigint := statewire.now_ms();
begin
  if not pg_try_advisory_xact_lock(hashtext('statewire'), hashtext('statewire.clean')) then return; end if;
  with gone as (
    delete from statewire.topic u using (
      select name from statewire.topic where expires <= now order by name for update skip locked limit 10000) due
    where u.name = due.name returning u.log)
  delete from statewire.log l using gone where l.log = gone.log;
  delete from statewire.claim u using (select key from statewire.claim where expires <= now for update skip locked) due where u.key = due.key;
  delete from statewire.lease u using (select name from statewire.lease where expires <= now and until <= now for update skip locked) due
    where u.name = due.name;
  delete from statewire.member u using (select topic, key from statewire.member where expires <= now for update skip locked) due
    where u.topic = due.topic and u.key = due.key;
  delete from statewire.node u using (select id from statewire.node where expires <= now - 600000 for update skip locked) due where u.id = due.id;
  delete from statewire.batch u using (select node from statewire.batch where expires <= now for update skip locked) due where u.node = due.node;
  delete from statewire.mail where expires <= now;
  delete from statewire.outbox where expires <= now;
  delete from statewire.outbox_order where expires <= now;
  -- Histories whose topics somebody deleted.
  if with_orphans then
    delete from statewire.log l where l.time <= now - statewire.topic_ttl(lim)
      and not exists (select 1 from statewire.topic t where t.log = l.log);
  end if;
end $$;
