select tracker, row_id, body from tracker_row order by tracker, row_id
