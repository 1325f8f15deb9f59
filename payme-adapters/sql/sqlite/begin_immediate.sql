-- Takes the write lock now: two that read first and write later would wait for each other.
begin immediate
