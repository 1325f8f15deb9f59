-- For states in which a transfer has not ended, as a JSON array: those have an index of their own.
select *
from payout_transfer
where batch_id = ?1
    and state in ('pending', 'processing', 'unknown')
    and state in (select value from json_each(?2))
    and id > ?3
order by id
limit ?4
