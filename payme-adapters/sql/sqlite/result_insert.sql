insert into match_result (run_id, rank, settlement_id, score, signals, reasons, missing)
values (?1, ?2, ?3, ?4, ?5, ?6, ?7)
