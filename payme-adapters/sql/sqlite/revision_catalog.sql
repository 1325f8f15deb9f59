update revision
set catalog = catalog + 1
