-- The claims that approvals decided on, whose ids are a JSON array.
select claim.*
from json_each(?1) as wanted
join claim_approval on claim_approval.id = wanted.value
join claim
    on claim.user_id = claim_approval.user_id
    and claim.settlement_id = claim_approval.settlement_id
