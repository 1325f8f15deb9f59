-- Approvals of an account, whatever became of them, as one JSON array.
select '[' || coalesce(group_concat(body, ','), '') || ']' as page
from (
    select id, body
    from claim_approval_row
    where account_id = ?1 and id > ?2
    order by id
    limit ?3)
