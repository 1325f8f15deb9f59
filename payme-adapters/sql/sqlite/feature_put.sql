insert into feature
    (user_id, key, source, origin, confidence, count, first_seen, last_seen, by_day)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
on conflict (user_id, key, source, origin) do update
set confidence = excluded.confidence,
    count = excluded.count,
    first_seen = excluded.first_seen,
    last_seen = excluded.last_seen,
    by_day = excluded.by_day
