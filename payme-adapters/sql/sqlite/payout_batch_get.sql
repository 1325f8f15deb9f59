select * from payout_batch where id = ?1
