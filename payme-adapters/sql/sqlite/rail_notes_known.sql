-- The index is named, because the primary key would be read from its beginning: it holds all events.
select *
from rail_note indexed by rail_note_known_now
where rail = ?1 and outcome = 'quarantined' and is_known = 1
order by event_id
limit ?2
