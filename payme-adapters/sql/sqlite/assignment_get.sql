select user_id, experiment_key, variant, forced
from assignment
where user_id = ?1 and experiment_key = ?2
