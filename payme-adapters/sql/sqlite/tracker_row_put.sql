insert into tracker_row (tracker, row_id, body)
values (?1, ?2, ?3)
on conflict (tracker, row_id) do update
set body = excluded.body
