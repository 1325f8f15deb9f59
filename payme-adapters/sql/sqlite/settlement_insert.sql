insert into settlement (id, version, title, status, deadline_at, body)
values (?1, ?2, ?3, ?4, ?5, ?6)
on conflict (id) do nothing
