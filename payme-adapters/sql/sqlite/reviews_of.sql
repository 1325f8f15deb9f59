-- The ids of approvals are a JSON array.
select *
from claim_review
where approval_id in (select value from json_each(?1))
order by approval_id, attempt
