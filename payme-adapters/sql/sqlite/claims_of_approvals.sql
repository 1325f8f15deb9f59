-- The claims that approvals decided on, whose ids are a JSON array, as one.
select '[' || coalesce(group_concat(claim_row.body, ','), '') || ']' as page
from json_each(?1) as wanted
join claim_approval on claim_approval.id = wanted.value
join claim_row
    on claim_row.user_id = claim_approval.user_id
    and claim_row.settlement_id = claim_approval.settlement_id
