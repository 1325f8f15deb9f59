-- Where the logs end that grew since they were sealed.
select account.id as account_id, link.sequence, link.hash
from settlement_account as account
join payout_log as link
    on link.account_id = account.id
    and link.sequence = (select max(sequence) from payout_log where account_id = account.id)
where link.sequence > coalesce(
    (select max(sequence) from audit_seal_head where account_id = account.id), 0)
order by account.id
limit ?1
