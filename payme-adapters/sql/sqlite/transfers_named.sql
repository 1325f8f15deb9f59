-- The transfers that a rail has these names for, a JSON array.
select provider_transfer_id, id
from payout_transfer
where provider_transfer_id in (select value from json_each(?1))
order by provider_transfer_id
