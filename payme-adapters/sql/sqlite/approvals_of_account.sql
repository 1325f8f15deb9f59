-- Approvals of an account, whatever became of them.
select *
from claim_approval
where account_id = ?1 and id > ?2
order by id
limit ?3
