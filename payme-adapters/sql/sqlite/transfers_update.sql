-- One JSON object for each row, with the version that it was decided on.
update payout_transfer
set
    state = value ->> 'state',
    round = value ->> 'round',
    is_in_doubt = value ->> 'is_in_doubt',
    authorization = value ->> 'authorization',
    hold = value ->> 'hold',
    provider_transfer_id = value ->> 'provider_transfer_id',
    failure_reason = value ->> 'failure_reason',
    initiated_at = value ->> 'initiated_at',
    completed_at = value ->> 'completed_at',
    version = value ->> 'version'
from jsonb_each(?1)
where payout_transfer.id = value ->> 'id'
    and payout_transfer.version = value ->> 'on_version'
