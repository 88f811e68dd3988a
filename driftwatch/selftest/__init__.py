"""The self-test: drifts that we know, through everything a real one goes through, to a message that really arrives."""
