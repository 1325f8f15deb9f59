-- A rail that was never read has no row, and is read to event 0.
insert into rail_cursor (rail, event_id)
select ?1, ?3
where ?2 = 0 or exists (select 1 from rail_cursor where rail = ?1)
on conflict (rail) do update
set event_id = excluded.event_id
where event_id = ?2
