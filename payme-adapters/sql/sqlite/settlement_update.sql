update settlement
set version = ?2, title = ?3, status = ?4, deadline_at = ?5, body = ?6
where id = ?1 and version = ?7
