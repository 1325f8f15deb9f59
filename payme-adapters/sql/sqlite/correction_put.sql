insert into correction (user_id, record_id, body)
values (?1, ?2, ?3)
on conflict (user_id, record_id) do update
set body = excluded.body
