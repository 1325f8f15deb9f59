-- The ids are a JSON array.
select *
from payout_posting
where transfer_id in (select value from json_each(?1))
order by account_id, sequence
