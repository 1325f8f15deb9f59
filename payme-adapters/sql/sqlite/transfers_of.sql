-- The states are a JSON array.
select *
from payout_transfer
where batch_id = ?1 and state in (select value from json_each(?2)) and id > ?3
order by id
limit ?4
