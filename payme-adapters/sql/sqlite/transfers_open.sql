-- For states in which a transfer has not ended, as a JSON array: those have an index of their own.
-- All of the rows are a JSON array, too.
select '[' || coalesce(group_concat(body, ','), '') || ']' as page
from (
    select id, body
    from payout_transfer_row
    where batch_id = ?1
        and state in ('pending', 'processing', 'unknown')
        and state in (select value from json_each(?2))
        and id > ?3
    order by id
    limit ?4)
