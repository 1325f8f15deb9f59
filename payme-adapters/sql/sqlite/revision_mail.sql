update revision
set mail = mail + 1
