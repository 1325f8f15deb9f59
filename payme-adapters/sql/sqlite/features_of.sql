select key, source, origin, confidence, count, first_seen, last_seen, by_day
from feature
where user_id = ?1
order by key, source, origin
