select sequence, id, at, user_id, body
from event
where sequence > ?1
order by sequence
limit ?2
