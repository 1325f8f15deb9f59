insert into impression (run_id, shown)
select id, ?2 from match_run where id = ?1
on conflict (run_id) do nothing
