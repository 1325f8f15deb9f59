-- One JSON object for each row.
insert into payout_left_out (batch_id, user_id, reason)
select value ->> 'batch_id', value ->> 'user_id', value ->> 'reason'
from jsonb_each(?1)
