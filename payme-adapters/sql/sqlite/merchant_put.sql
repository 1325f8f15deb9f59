insert into merchant (key, name, body)
values (?1, ?2, ?3)
on conflict (key) do update
set name = excluded.name, body = excluded.body
