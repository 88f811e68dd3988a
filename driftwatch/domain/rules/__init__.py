"""The rules of a decision, one file for each part of an incident's life; `domain.decide.RULES` gives their order."""
