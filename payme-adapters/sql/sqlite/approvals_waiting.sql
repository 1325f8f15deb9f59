-- All of the rows as one JSON array. Of two indexes that fit, the one that holds no others.
select '[' || coalesce(group_concat(body, ','), '') || ']' as page
from (
    select claim_approval_row.id, claim_approval_row.body
    from claim_approval as waiting indexed by claim_approval_waiting
    join claim_approval_row on claim_approval_row.id = waiting.id
    where waiting.account_id = ?1
        and waiting.state = 'approved'
        and waiting.transfer_id is null
        and waiting.id > ?2
    order by waiting.id
    limit ?3)
