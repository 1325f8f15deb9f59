-- Over which rail the money of an account goes. Accounts that were linked before this was kept are
-- of the mock rail, which was the only one then.
alter table settlement_account
add column rail text not null default 'mock' check (length(rail) between 1 and 64);

create trigger settlement_account_keeps_its_rail before update of rail on settlement_account
begin
    select raise(abort, 'the rail of an account never changes');
end;
