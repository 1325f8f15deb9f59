-- One JSON object for each link.
insert into payout_log (account_id, sequence, at, body, hash)
select
    value ->> 'account_id', value ->> 'sequence', value ->> 'at', value ->> 'body',
    unhex(value ->> 'hash')
from jsonb_each(?1)
