select *
from payout_log
where account_id = ?1 and sequence > ?2
order by sequence
limit ?3
