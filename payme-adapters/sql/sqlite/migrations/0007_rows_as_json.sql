-- Rows that are read by the thousand, each as one JSON array of its cells, in the order in which
-- the engine declares them: to hand over a cell costs more than to read it.
create view claim_row as
select
    user_id, settlement_id,
    json_array(user_id, settlement_id, state, moved_at, version) as body
from claim;

create view claim_approval_row as
select
    id, user_id, settlement_id, account_id, state, transfer_id,
    json_array(
        id, user_id, settlement_id, account_id, attorney_id, attempt, amount, state, transfer_id,
        approved_at, rejected_at, version) as body
from claim_approval;

create view payout_transfer_row as
select
    id, batch_id, approval_id, state,
    json_array(
        id, batch_id, approval_id, user_id, amount, state, round, is_in_doubt, authorization, hold,
        provider_transfer_id, failure_reason, initiated_at, completed_at, version) as body
from payout_transfer;

-- Approvals of an account are read whatever became of them; so far only those that wait were found
-- by an index.
create index claim_approval_of on claim_approval (account_id, id);
