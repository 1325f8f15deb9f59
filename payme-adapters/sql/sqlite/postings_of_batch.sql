select *
from payout_posting
where batch_id = ?1 and transfer_id is null
order by account_id, sequence
