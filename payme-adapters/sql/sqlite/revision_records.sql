update revision
set records = records + 1
