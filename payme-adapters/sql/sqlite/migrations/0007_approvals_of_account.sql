-- Approvals of an account are read whatever became of them; so far only those that wait were found
-- by an index.
create index claim_approval_of on claim_approval (account_id, id);
