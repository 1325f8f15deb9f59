select *
from rail_note
where rail = ?1 and event_id > ?2
order by event_id
limit ?3
