select event_id from rail_cursor where rail = ?1
