insert into anomaly (user_id, record_id, score, body)
values (?1, ?2, ?3, ?4)
on conflict (user_id, record_id) do update
set score = excluded.score, body = excluded.body
