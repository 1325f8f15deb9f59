-- A batch that is not stored has no cursor, just as one that is stored and has not begun.
insert into match_batch (id, request, started_at, cursor, done, finished)
values (?1, ?2, ?3, ?4, ?5, ?6)
on conflict (id) do update
set request = excluded.request,
    started_at = excluded.started_at,
    cursor = excluded.cursor,
    done = excluded.done,
    finished = excluded.finished
where match_batch.cursor is null
