insert into claim_review (approval_id, attempt, at, note) values (?1, ?2, ?3, ?4)
