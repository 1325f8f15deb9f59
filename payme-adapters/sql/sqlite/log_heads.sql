-- Where the logs of accounts end; an account without a fact has neither place nor hash.
select account.id as account_id, link.sequence, link.hash
from settlement_account as account
left join payout_log as link
    on link.account_id = account.id
    and link.sequence = (select max(sequence) from payout_log where account_id = account.id)
where account.id > ?1
order by account.id
limit ?2
