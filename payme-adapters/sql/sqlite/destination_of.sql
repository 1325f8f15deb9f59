select * from payout_destination where user_id = ?1 and status = 'active'
