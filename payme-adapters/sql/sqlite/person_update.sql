update person
set version = ?2, state = ?3, date_of_birth = ?4
where user_id = ?1 and version = ?5
