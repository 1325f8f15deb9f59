select *
from payout_batch
where attorney_id = ?1 and id < ?2
order by id desc
limit ?3
