select * from claim_review where approval_id = ?1 order by attempt
