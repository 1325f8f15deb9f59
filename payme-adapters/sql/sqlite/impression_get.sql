select run_id, shown from impression where run_id = ?1
