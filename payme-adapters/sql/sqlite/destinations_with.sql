-- The people are a JSON array.
select wanted.value as user_id
from json_each(?1) as wanted
where exists (
    select 1
    from payout_destination
    where payout_destination.user_id = wanted.value and status = 'active')
