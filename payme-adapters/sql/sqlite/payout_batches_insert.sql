-- One JSON object for each row.
insert into payout_batch (
    id, attorney_id, account_id, settlement_id, key, items, state, is_sealed, filled_to,
    total_transfers, successful_transfers, failed_transfers, returned_transfers, total_amount,
    reserved, in_flight, paid, lease_token, lease_until, created_at, finished_at, version)
select
    value ->> 'id', value ->> 'attorney_id', value ->> 'account_id', value ->> 'settlement_id',
    value ->> 'key', value ->> 'items', value ->> 'state', value ->> 'is_sealed',
    value ->> 'filled_to', value ->> 'total_transfers', value ->> 'successful_transfers',
    value ->> 'failed_transfers', value ->> 'returned_transfers', value ->> 'total_amount',
    value ->> 'reserved', value ->> 'in_flight', value ->> 'paid', value ->> 'lease_token',
    value ->> 'lease_until', value ->> 'created_at', value ->> 'finished_at',
    value ->> 'version'
from jsonb_each(?1)
