-- Of each person and settlement the row of the greatest sequence: with `max` the other columns are
-- those of its row.
select
    r.user_id, s.settlement_id, r.id as run_id, r.started_at, r.variant,
    json_extract(r.metadata, '$.forced') as forced, s.rank + 1 as position, s.signals, c.state,
    max(r.sequence)
from match_run r
join match_result s on s.run_id = r.id
left join impression i on i.run_id = r.id
left join claim c on c.user_id = r.user_id and c.settlement_id = s.settlement_id
where r.user_id > ?1 and r.user_id <= ?2 and (i.shown is null or s.rank < i.shown)
group by r.user_id, s.settlement_id
order by r.user_id, s.settlement_id
