-- What messy sources need: corrections, anomalies, merchants and tracker rows. A body is JSON whose
-- form the core owns.

-- What records are read by (settlements, merchants, what was learned) changes as one: `catalog`.
-- `records` counts changes of everybody's records, `corrections` the corrections that were made.
alter table revision rename column mail to records;
alter table revision add column corrections integer not null default 0 check (corrections >= 0);
-- The version of the rules by which everybody's features were derived: those of the first schema
-- are of version 1.
alter table revision add column derived integer not null default 1 check (derived >= 1);

drop index record_message;
create index record_live on record (user_id) where removed = 0;

-- A correction belongs to the id of a record, and outlives every change of it.
create table correction (
    user_id text not null references person (user_id),
    record_id text not null check (length(record_id) = 36),
    body text not null check (json_valid(body)),
    primary key (user_id, record_id)
) strict, without rowid;

-- Only what is worth showing stands here; why it is unusual follows from the records.
create table anomaly (
    user_id text not null references person (user_id),
    record_id text not null check (length(record_id) = 36),
    score real not null check (score > 0.5 and score <= 1.0),
    primary key (user_id, record_id)
) strict, without rowid;

create index anomaly_score on anomaly (user_id, score desc, record_id);

create table merchant (
    key text primary key not null check (key like 'merchant:_%'),
    name text not null check (name <> ''),
    body text not null check (json_valid(body))
) strict, without rowid;

create table learned_aliases (
    one integer primary key check (one = 1),
    body text not null check (json_valid(body))
) strict;

-- The newest version of each row of each tracker, with the days it was seen.
create table tracker_row (
    tracker text not null check (tracker <> ''),
    row_id text not null check (row_id <> ''),
    body text not null check (json_valid(body)),
    primary key (tracker, row_id)
) strict, without rowid;
