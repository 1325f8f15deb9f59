insert into anomaly (user_id, record_id, score)
values (?1, ?2, ?3)
on conflict (user_id, record_id) do update
set score = excluded.score
