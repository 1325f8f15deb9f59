-- The ids are a JSON array, and so are all of the rows.
select '[' || coalesce(group_concat(body, ','), '') || ']' as page
from payout_transfer_row
where id in (select value from json_each(?1))
