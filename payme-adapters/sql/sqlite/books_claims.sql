-- The claims that are paid by transfers, whose ids are a JSON array.
select claim.*
from json_each(?1) as wanted
join payout_transfer on payout_transfer.id = wanted.value
join claim_approval on claim_approval.id = payout_transfer.approval_id
join claim
    on claim.user_id = claim_approval.user_id
    and claim.settlement_id = claim_approval.settlement_id
