select digest from pay_request where attorney_id = ?1 and key = ?2
