# `just` is a command runner; every line below also runs as it stands.

# format, lint, types, contracts, tests, docs
check:
    uv run ruff format
    uv run ruff check
    uv run mypy
    uv run lint-imports
    uv run deptry driftwatch
    uv run pytest
    uv run pytest --doctest-modules driftwatch -q

# exact versions for everybody: constraints.txt and the same lines in pyproject.toml
pins:
    uv run python -m benchmarks.pins
