-- The logs that seals are about, whose places are a JSON array.
select *
from audit_seal_head
where seal in (select value from json_each(?1))
order by seal, account_id
