insert into match_run
    (id, batch_id, user_id, experiment_key, variant, started_at, completed_at, candidate_count,
     result_count, metadata)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
on conflict (id) do nothing
