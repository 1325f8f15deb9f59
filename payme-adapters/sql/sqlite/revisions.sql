select catalog, records, corrections
from revision
