-- Where the two logs of accounts end, whose ids are a JSON array.
select
    wanted.value as account_id,
    link.sequence,
    link.hash,
    (
        select max(sequence) from payout_posting where account_id = wanted.value
    ) as posting_sequence
from json_each(?1) as wanted
left join payout_log as link
    on link.account_id = wanted.value
    and link.sequence = (select max(sequence) from payout_log where account_id = wanted.value)
