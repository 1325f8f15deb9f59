select user_id, settlement_id, version, starred, pinned, pinned_order
from preference
where user_id = ?1
order by settlement_id
