"""What is known of every scorer, by what it looks at; `driftwatch.scorers.registry` is the one list."""
