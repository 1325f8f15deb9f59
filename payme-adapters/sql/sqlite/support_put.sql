insert into feature_support (user_id, key, source, record_id)
values (?1, ?2, ?3, ?4)
on conflict (user_id, key, source, record_id) do nothing
