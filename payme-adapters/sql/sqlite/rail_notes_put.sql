-- One JSON object for each row; of an event that is told again, the last one stays.
insert into rail_note (
    rail, event_id, provider_transfer_id, status, kind, reason, outcome, is_known)
select
    value ->> 'rail', value ->> 'event_id', value ->> 'provider_transfer_id', value ->> 'status',
    value ->> 'kind', value ->> 'reason', value ->> 'outcome',
    exists (
        select 1
        from payout_transfer
        where payout_transfer.provider_transfer_id = value ->> 'provider_transfer_id')
from jsonb_each(?1)
where true
on conflict (rail, event_id) do update
set
    provider_transfer_id = excluded.provider_transfer_id,
    status = excluded.status,
    kind = excluded.kind,
    reason = excluded.reason,
    outcome = excluded.outcome,
    is_known = excluded.is_known
