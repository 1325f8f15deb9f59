select *
from claim_approval
where account_id = ?1 and state = 'approved' and transfer_id is null and id > ?2
order by id
limit ?3
