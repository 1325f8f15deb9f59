select amount from payout_deposit where account_id = ?1 and key = ?2
