-- Who is noted once is known by notes only: runs of theirs without one showed nothing.
with shown as (
    select
        r.user_id, s.settlement_id, r.id as run_id, r.variant,
        json_extract(r.metadata, '$.forced') as forced, s.rank + 1 as position, s.signals,
        min(r.started_at) over pair as first_shown_at,
        row_number() over (pair order by r.sequence desc) as from_newest
    from match_run r
    join match_result s on s.run_id = r.id
    left join impression i on i.run_id = r.id
    where r.user_id > ?1 and r.user_id <= ?2
        and case
            when i.shown is not null then s.rank < i.shown
            else not exists (
                select 1 from match_run o join impression n on n.run_id = o.id
                where o.user_id = r.user_id)
        end
    window pair as (partition by r.user_id, s.settlement_id)
)
select
    w.user_id, w.settlement_id, w.run_id, w.first_shown_at, w.variant, w.forced, w.position,
    w.signals, c.state
from shown w
left join claim c on c.user_id = w.user_id and c.settlement_id = w.settlement_id
where w.from_newest = 1
order by w.user_id, w.settlement_id
