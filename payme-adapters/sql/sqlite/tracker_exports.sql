select tracker, day from tracker_export order by tracker, day
