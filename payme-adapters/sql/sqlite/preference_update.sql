update preference
set version = ?3, starred = ?4, pinned = ?5, pinned_order = ?6
where user_id = ?1 and settlement_id = ?2 and version = ?7
