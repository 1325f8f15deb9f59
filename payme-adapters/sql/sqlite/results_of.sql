select settlement_id, score, signals, reasons, missing
from match_result
where run_id = ?1
order by rank
