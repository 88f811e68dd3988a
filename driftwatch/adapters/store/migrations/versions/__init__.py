"""One file for each schema, oldest first."""
