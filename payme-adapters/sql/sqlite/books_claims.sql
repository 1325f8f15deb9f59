-- The claims that are paid by transfers, whose ids are a JSON array, as one.
select '[' || coalesce(group_concat(claim_row.body, ','), '') || ']' as page
from json_each(?1) as wanted
join payout_transfer on payout_transfer.id = wanted.value
join claim_approval on claim_approval.id = payout_transfer.approval_id
join claim_row
    on claim_row.user_id = claim_approval.user_id
    and claim_row.settlement_id = claim_approval.settlement_id
