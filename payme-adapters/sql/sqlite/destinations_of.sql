select * from payout_destination where user_id = ?1 order by id
