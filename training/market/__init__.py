"""A simulated market: its goods, its actors, what a collaboration is worth, and the log of one."""
