select *
from payout_batch
where account_id = ?1 and id < ?2
order by id desc
limit ?3
