-- Facts of all logs by time, of an account or of all (an empty text), in a range of time, behind a
-- place.
select *
from payout_log
where
    (at, account_id, sequence) > (?4, ?5, ?6)
    and at >= ?2
    and at < ?3
    and (?1 = '' or account_id = ?1)
order by at, account_id, sequence
limit ?7
