-- How many results of a run a person saw, where somebody said so.
create table impression (
    run_id text primary key references match_run (id),
    shown integer not null check (shown between 0 and 4294967295)
) strict, without rowid;
