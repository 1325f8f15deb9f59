select id, user_id, experiment_key, variant, started_at, completed_at, candidate_count,
    result_count, metadata
from match_run
where user_id = ?1
order by started_at desc, id desc
limit 1
