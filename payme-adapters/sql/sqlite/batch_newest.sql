select id, request, started_at, cursor, done, finished
from match_batch
where request = ?1
order by started_at desc, id desc
limit 1
