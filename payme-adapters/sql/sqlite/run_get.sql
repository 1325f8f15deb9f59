select id, user_id, experiment_key, variant, started_at, completed_at, candidate_count,
    result_count, metadata
from match_run
where id = ?1
