-- One JSON object for each row.
insert into claim (
    user_id, settlement_id, state, moved_at, version)
select
    value ->> 'user_id', value ->> 'settlement_id', value ->> 'state', value ->> 'moved_at',
    value ->> 'version'
from jsonb_each(?1)
