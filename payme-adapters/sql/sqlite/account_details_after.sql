select *
from settlement_account_details
where account_id > ?1
order by account_id
limit ?2
