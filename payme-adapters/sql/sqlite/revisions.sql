select catalog, records, corrections, derived
from revision
