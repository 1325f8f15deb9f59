select body from payout_transfer_row where id = ?1
