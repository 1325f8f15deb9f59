-- One JSON object for each row.
insert into payout_transfer (
    id, batch_id, approval_id, user_id, amount, state, round, is_in_doubt, authorization, hold,
    provider_transfer_id, failure_reason, initiated_at, completed_at, version)
select
    value ->> 'id', value ->> 'batch_id', value ->> 'approval_id', value ->> 'user_id',
    value ->> 'amount', value ->> 'state', value ->> 'round', value ->> 'is_in_doubt',
    value ->> 'authorization', value ->> 'hold', value ->> 'provider_transfer_id',
    value ->> 'failure_reason', value ->> 'initiated_at', value ->> 'completed_at',
    value ->> 'version'
from jsonb_each(?1)
