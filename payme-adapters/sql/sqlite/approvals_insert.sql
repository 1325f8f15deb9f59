-- One JSON object for each row.
insert into claim_approval (
    id, user_id, settlement_id, account_id, attorney_id, attempt, amount, state, transfer_id,
    approved_at, rejected_at, version)
select
    value ->> 'id', value ->> 'user_id', value ->> 'settlement_id', value ->> 'account_id',
    value ->> 'attorney_id', value ->> 'attempt', value ->> 'amount', value ->> 'state',
    value ->> 'transfer_id', value ->> 'approved_at', value ->> 'rejected_at',
    value ->> 'version'
from jsonb_each(?1)
