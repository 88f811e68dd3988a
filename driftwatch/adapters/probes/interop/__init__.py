"""Golden sets from and for other tools, with a report of what could not be carried."""
