-- One JSON object for each row; of an event that is told again, the last one stays.
insert into rail_note (rail, event_id, provider_transfer_id, status, kind, reason, outcome)
select
    value ->> 'rail', value ->> 'event_id', value ->> 'provider_transfer_id', value ->> 'status',
    value ->> 'kind', value ->> 'reason', value ->> 'outcome'
from jsonb_each(?1)
where true
on conflict (rail, event_id) do update
set
    provider_transfer_id = excluded.provider_transfer_id,
    status = excluded.status,
    kind = excluded.kind,
    reason = excluded.reason,
    outcome = excluded.outcome
