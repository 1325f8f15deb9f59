-- One JSON object for each row, with the version that it was decided on.
update payout_batch
set
    state = value ->> 'state',
    is_sealed = value ->> 'is_sealed',
    filled_to = value ->> 'filled_to',
    total_transfers = value ->> 'total_transfers',
    successful_transfers = value ->> 'successful_transfers',
    failed_transfers = value ->> 'failed_transfers',
    returned_transfers = value ->> 'returned_transfers',
    total_amount = value ->> 'total_amount',
    reserved = value ->> 'reserved',
    in_flight = value ->> 'in_flight',
    paid = value ->> 'paid',
    lease_token = value ->> 'lease_token',
    lease_until = value ->> 'lease_until',
    finished_at = value ->> 'finished_at',
    version = value ->> 'version'
from jsonb_each(?1)
where payout_batch.id = value ->> 'id'
    and payout_batch.version = value ->> 'on_version'
