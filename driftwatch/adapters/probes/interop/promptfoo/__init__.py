"""promptfoo's configurations: prompts, test cases, assertions."""
