update impression set shown = ?2 where run_id = ?1 and shown = ?3
