-- The states are a JSON array, and so are all of the rows.
select '[' || coalesce(group_concat(body, ','), '') || ']' as page
from (
    select id, body
    from payout_transfer_row
    where batch_id = ?1 and state in (select value from json_each(?2)) and id > ?3
    order by id
    limit ?4)
