update revision
set corrections = corrections + ?1
