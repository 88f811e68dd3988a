"""The crash harness: a decider, a real endpoint and a pager in one process, killed again and again, and what Slack saw."""
