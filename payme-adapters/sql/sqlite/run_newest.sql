select id, user_id, experiment_key, variant, started_at, completed_at, candidate_count,
    result_count, metadata
from match_run
where user_id = ?1
order by sequence desc
limit 1
