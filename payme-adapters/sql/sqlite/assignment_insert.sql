insert into assignment (user_id, experiment_key, variant, forced)
values (?1, ?2, ?3, ?4)
on conflict (user_id, experiment_key) do nothing
