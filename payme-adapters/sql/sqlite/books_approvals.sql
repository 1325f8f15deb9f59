-- The approvals of transfers, whose ids are a JSON array.
select *
from claim_approval
where id in (
    select approval_id from payout_transfer where id in (select value from json_each(?1)))
