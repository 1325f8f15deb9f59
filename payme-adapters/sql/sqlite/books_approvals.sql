-- The approvals of transfers, whose ids are a JSON array, as one.
select '[' || coalesce(group_concat(body, ','), '') || ']' as page
from claim_approval_row
where id in (
    select approval_id from payout_transfer where id in (select value from json_each(?1)))
