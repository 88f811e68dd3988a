"""What all tests share."""

import os

from hypothesis import settings

# CI judges a commit, so it must judge the same commit alike; people's machines go on searching.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("people", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "people")
