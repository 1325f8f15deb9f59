select record_id
from feature_support
where user_id = ?1 and key = ?2 and source = ?3
order by record_id
