select * from payout_batch where attorney_id = ?1 and key = ?2
