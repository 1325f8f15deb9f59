select
    account.funded,
    account.available,
    coalesce(sum(batch.reserved), 0) as reserved,
    coalesce(sum(batch.in_flight), 0) as in_flight,
    coalesce(sum(batch.paid), 0) as paid,
    (
        select coalesce(sum(posting.amount), 0)
        from payout_posting as posting
        where posting.account_id = account.id and posting.kind = 'return'
    ) as returned
from settlement_account as account
left join payout_batch as batch on batch.account_id = account.id
where account.id = ?1
group by account.id
