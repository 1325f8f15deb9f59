insert into tracker_export (tracker, day)
values (?1, ?2)
on conflict (tracker, day) do nothing
