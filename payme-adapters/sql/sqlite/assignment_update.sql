update assignment
set variant = ?3, forced = ?4
where user_id = ?1 and experiment_key = ?2 and variant = ?5 and forced = ?6
