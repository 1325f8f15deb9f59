-- The first schema. Ids are hyphenated lower-case text, so that an operator can read and search
-- them; instants are microseconds since 1970; days are YYYY-MM-DD. A body is JSON whose form the
-- core owns; what stands beside it in columns is there to be searched, and is never read back.

create table settlement (
    id text primary key not null check (length(id) = 36),
    version integer not null check (version >= 1),
    title text not null check (title <> ''),
    status text not null check (status in ('pending', 'open', 'closed', 'paid', 'cancelled')),
    deadline_at integer,
    body text not null check (json_valid(body))
) strict;

-- One row: how often the catalogue and everybody's mail have changed. What was decided on one
-- revision is not applied on another.
create table revision (
    one integer primary key check (one = 1),
    catalog integer not null check (catalog >= 1),
    mail integer not null check (mail >= 1)
) strict;

insert into revision (one, catalog, mail) values (1, 1, 1);

create table person (
    user_id text primary key not null check (length(user_id) = 36),
    version integer not null check (version >= 1),
    state text check (length(state) = 2),
    date_of_birth text check (length(date_of_birth) = 10)
) strict, without rowid;

-- Of a removed record only the trace stays: that it was there, and not what it said. A page of a
-- feed that was applied leaves a trace of the same form.
create table record (
    user_id text not null references person (user_id),
    id text not null check (length(id) = 36),
    removed integer not null check (removed in (0, 1)),
    kind text check (kind in ('transaction', 'message')),
    body text check (json_valid(body)),
    primary key (user_id, id),
    check ((removed = 0) = (kind is not null)),
    check ((removed = 0) = (body is not null))
) strict, without rowid;

create index record_message on record (user_id) where kind = 'message';

create table feature (
    user_id text not null references person (user_id),
    key text not null check (key like '_%:_%'),
    source text not null check (source in ('gmail', 'plaid')),
    origin text not null check (origin in ('records', 'import')),
    confidence real not null check (confidence between 0.0 and 1.0),
    count integer not null check (count between 0 and 4294967295),
    first_seen text check (length(first_seen) = 10),
    last_seen text check (length(last_seen) = 10),
    by_day text not null check (json_valid(by_day) and json_type(by_day) = 'array'),
    primary key (user_id, key, source, origin)
) strict, without rowid;

create table feature_support (
    user_id text not null references person (user_id),
    key text not null check (key like '_%:_%'),
    source text not null check (source in ('gmail', 'plaid')),
    record_id text not null check (length(record_id) = 36),
    primary key (user_id, key, source, record_id)
) strict, without rowid;

create table assignment (
    user_id text not null check (length(user_id) = 36),
    experiment_key text not null check (length(experiment_key) between 1 and 100),
    variant text not null
        check (variant in ('rules_only', 'rules_vector', 'rules_vector_ranker')),
    forced integer not null check (forced in (0, 1)),
    primary key (user_id, experiment_key)
) strict, without rowid;

create table match_batch (
    sequence integer primary key autoincrement check (sequence >= 1),
    id text not null unique check (length(id) = 36),
    request text not null,
    started_at integer not null,
    cursor text check (length(cursor) = 36),
    done integer not null check (done >= 0),
    finished integer not null check (finished in (0, 1))
) strict;

create index match_batch_newest on match_batch (request, sequence);

-- The sequence says which run, and which batch, was stored last, whatever the clocks said.
create table match_run (
    sequence integer primary key autoincrement check (sequence >= 1),
    id text not null unique check (length(id) = 36),
    batch_id text references match_batch (id),
    user_id text not null check (length(user_id) = 36),
    experiment_key text not null check (length(experiment_key) between 1 and 100),
    variant text not null
        check (variant in ('rules_only', 'rules_vector', 'rules_vector_ranker')),
    started_at integer not null,
    completed_at integer not null,
    candidate_count integer not null check (candidate_count >= 0),
    result_count integer not null check (result_count >= 0),
    metadata text not null check (json_valid(metadata))
) strict;

create index match_run_newest on match_run (user_id, sequence);

-- Rank 0 is the best.
create table match_result (
    run_id text not null references match_run (id),
    rank integer not null check (rank >= 0),
    settlement_id text not null check (length(settlement_id) = 36),
    score real not null,
    signals text not null check (json_valid(signals)),
    reasons text not null check (json_valid(reasons)),
    missing text not null check (json_valid(missing) and json_type(missing) = 'array'),
    primary key (run_id, rank)
) strict, without rowid;

create table preference (
    user_id text not null check (length(user_id) = 36),
    settlement_id text not null check (length(settlement_id) = 36),
    version integer not null check (version >= 1),
    starred integer not null check (starred in (0, 1)),
    pinned integer not null check (pinned in (0, 1)),
    pinned_order integer check (pinned_order between -2147483648 and 2147483647),
    primary key (user_id, settlement_id),
    check (pinned = 1 or pinned_order is null)
) strict, without rowid;

create table event (
    sequence integer primary key autoincrement check (sequence >= 1),
    id text not null unique check (length(id) = 36),
    at integer not null,
    user_id text check (length(user_id) = 36),
    kind text not null,
    body text not null check (json_valid(body)),
    check (json_extract(body, '$.kind') is kind)
) strict;

create trigger event_is_not_updated before update on event
begin
    select raise(abort, 'events are append-only');
end;

create trigger event_is_not_deleted before delete on event
begin
    select raise(abort, 'events are append-only');
end;

-- `insert or replace` deletes the old row without asking the trigger above, unless the connection
-- turned recursive triggers on; so the log refuses it before it starts.
create trigger event_is_not_replaced before insert on event
when exists (select 1 from event where id = new.id)
    or exists (select 1 from event where sequence = new.sequence)
begin
    select raise(abort, 'events are append-only');
end;
