select record_id, score
from anomaly
where user_id = ?1
order by score desc, record_id
