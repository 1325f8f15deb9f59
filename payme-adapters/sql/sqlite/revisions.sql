select catalog, mail
from revision
