update revision
set derived = ?1
