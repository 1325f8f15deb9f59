select * from payout_destination where id > ?1 order by id limit ?2
