select body from learned_aliases
