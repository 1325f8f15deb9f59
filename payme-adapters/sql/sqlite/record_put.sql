insert into record (user_id, id, removed, kind, body)
values (?1, ?2, ?3, ?4, ?5)
on conflict (user_id, id) do update
set removed = excluded.removed, kind = excluded.kind, body = excluded.body
