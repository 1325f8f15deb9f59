insert into claim_filing (
    user_id, settlement_id, questions_version, answers, evidence, filed_at)
values (?1, ?2, ?3, ?4, ?5, ?6)
