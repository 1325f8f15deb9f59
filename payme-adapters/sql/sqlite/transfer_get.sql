select * from payout_transfer where id = ?1
