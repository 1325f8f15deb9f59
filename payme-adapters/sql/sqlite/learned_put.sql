insert into learned_aliases (one, body)
values (1, ?1)
on conflict (one) do update
set body = excluded.body
