select id, request, started_at, cursor, done, finished
from match_batch
where request = ?1
order by sequence desc
limit 1
