insert into claim_questions (settlement_id, version, questions, set_at) values (?1, ?2, ?3, ?4)
