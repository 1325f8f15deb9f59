select *
from payout_transfer
where provider_transfer_id = ?1
order by id
limit 1
