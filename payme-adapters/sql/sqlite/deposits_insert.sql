-- One JSON object for each row.
insert into payout_deposit (account_id, key, amount)
select value ->> 'account_id', value ->> 'key', value ->> 'amount'
from jsonb_each(?1)
