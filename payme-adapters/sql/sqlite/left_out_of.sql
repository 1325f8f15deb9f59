select * from payout_left_out where batch_id = ?1 order by user_id
