"""Frozen settings from one YAML file; every mistake in it is found before anything starts."""
