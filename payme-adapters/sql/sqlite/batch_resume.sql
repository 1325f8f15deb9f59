update match_batch
set request = ?2, started_at = ?3, cursor = ?4, done = ?5, finished = ?6
where id = ?1 and cursor = ?7
