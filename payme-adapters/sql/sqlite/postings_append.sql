-- One JSON object for each row.
insert into payout_posting (account_id, sequence, batch_id, transfer_id, kind, amount)
select
    value ->> 'account_id', value ->> 'sequence', value ->> 'batch_id', value ->> 'transfer_id',
    value ->> 'kind', value ->> 'amount'
from jsonb_each(?1)
