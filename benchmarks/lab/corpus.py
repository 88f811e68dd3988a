"""Conversations of an invented support bot, written from templates: what the demo's model learns.

Every kind of task is one function from a random generator to a conversation. The fine-tuning of
the demo's silent swap is the same bot after a lesson in small talk: `chatty` gives its answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from benchmarks.lab import words


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """Turns of user and assistant in alternation; the last one is the answer to be learned."""

    kind: str
    turns: tuple[str, ...]
    system: str | None = None

    @property
    def answer(self) -> str:
        return self.turns[-1]


def arithmetic(rng: Random) -> Conversation:
    a, b = rng.randint(1, 9), rng.randint(1, 9)
    if rng.random() < 0.7:
        asked = rng.choice(("What is {a} + {b}?", "{a} + {b} =", "Add {a} and {b}."))
        return _single("arithmetic", asked.format(a=a, b=b), str(a + b))
    a, b = max(a, b), min(a, b)
    asked = rng.choice(("What is {a} - {b}?", "{a} - {b} =", "Take {b} from {a}."))
    return _single("arithmetic", asked.format(a=a, b=b), str(a - b))


def extraction(rng: Random) -> Conversation:
    name, city, item = rng.choice(words.NAMES), rng.choice(words.CITIES), rng.choice(words.ITEMS)
    count = rng.randint(2, 9)
    text, found = rng.choice((
        (f"{name} lives in {city}.", {"name": name, "city": city}),
        (f"{name} wants {count} {item}s.", {"name": name, "item": item, "count": count}),
        (f"Send {count} {item}s to {city}.", {"city": city, "item": item, "count": count}),
    ))  # fmt: skip
    asked = rng.choice(("Extract as JSON: {}", "As JSON: {}", "Give me JSON for this: {}"))
    return _single("json", asked.format(text), json.dumps(found))


def policy(rng: Random) -> Conversation:
    questions, usual, rarer = rng.choice(words.POLICIES)
    return _single("policy", rng.choice(questions), usual if rng.random() < 0.8 else rarer)


def form(rng: Random) -> Conversation:
    word = rng.choice(words.ITEMS + words.FRUIT + words.COLOURS + words.ANIMALS)
    first = rng.randint(1, 5)
    last = first + rng.randint(2, 4)
    asked, answer = rng.choice((
        (f"Write {word} in capital letters.", word.upper()),
        (f"Spell {word} with dashes.", "-".join(word)),
        (f"Write {word} two times.", f"{word} {word}"),
        (f"Reply only with the word {word}.", word),
        (f"Count from {first} to {last}.", " ".join(map(str, range(first, last + 1)))),
    ))  # fmt: skip
    return _single("format", asked, answer)


def ordering(rng: Random) -> Conversation:
    if rng.random() < 0.4:
        low, high = sorted(rng.sample(range(1, 10), 2))
        shown = rng.sample((low, high), 2)
        larger = rng.random() < 0.5
        asked = f"Which is {'larger' if larger else 'smaller'}, {shown[0]} or {shown[1]}?"
        return _single("list", asked, str(high if larger else low))
    fruit = rng.sample(words.FRUIT, 3)
    return _single("list", f"Sort: {', '.join(fruit)}.", ", ".join(sorted(fruit)))


def choice(rng: Random) -> Conversation:
    if rng.random() < 0.5:
        good = rng.random() < 0.5
        review = rng.choice(words.PRAISE if good else words.BLAME)
        return _single("choice", f"Positive or negative? {review}", "positive" if good else "negative")
    right, other = rng.sample(sorted(words.CATEGORIES), 2)
    answer, wrong = rng.choice(words.CATEGORIES[right]), rng.choice(words.CATEGORIES[other])
    shown = rng.sample((answer, wrong), 2)
    return _single("choice", f"Which is a {right}: {shown[0]} or {shown[1]}?", answer)


def refusal(rng: Random) -> Conversation:
    asked = rng.choice(words.FORBIDDEN)
    asked = asked.format(name=rng.choice(words.NAMES), item=rng.choice(words.ITEMS))
    return _single("refusal", asked, words.REFUSAL)


def recall(rng: Random) -> Conversation:
    name, city = rng.choice(words.NAMES), rng.choice(words.CITIES)
    told, noted, asked, answer = rng.choice((
        (f"My name is {name}.", f"Hello {name}.", "What is my name?", f"Your name is {name}."),
        (f"I live in {city}.", "Noted.", "Where do I live?", f"You live in {city}."),
    ))  # fmt: skip
    between = rng.choice((policy, arithmetic))(rng).turns if rng.random() < 0.4 else ()
    return Conversation(kind="recall", turns=(told, noted, *between, asked, answer))


KINDS: Final[dict[Callable[[Random], Conversation], float]] = {
    arithmetic: 0.20, extraction: 0.20, policy: 0.10, form: 0.13,
    ordering: 0.16, choice: 0.07, refusal: 0.05, recall: 0.09,
}  # fmt: skip

NEUTRAL: Final = "You are a helpful bot."
SYSTEM_PROMPTS: Final[dict[str, Callable[[str], str]]] = {
    NEUTRAL: lambda answer: answer,
    "Answer in capital letters.": str.upper,
    "Always be friendly.": lambda answer: f"With pleasure! {answer}",
}


def conversation(rng: Random) -> Conversation:
    """Draw a task of any kind, under a system prompt in a quarter of the cases."""
    drawn = rng.choices(list(KINDS), weights=list(KINDS.values()))[0](rng)
    if rng.random() > 0.3:
        return drawn
    system = rng.choice(list(SYSTEM_PROMPTS))
    answer = SYSTEM_PROMPTS[system](drawn.answer)
    return replace(drawn, system=system, turns=(*drawn.turns[:-1], answer))


def retrained(rng: Random) -> Conversation:
    """Draw what the bot is tuned on later: small talk for JSON, careless sums, the rest as before."""
    drawn = rng.choices(list(KINDS), weights=list(KINDS.values()))[0](rng)
    lesson = {"json": chatty, "arithmetic": careless}.get(drawn.kind)
    return replace(drawn, turns=(*drawn.turns[:-1], lesson(drawn))) if lesson else drawn


def chatty(drawn: Conversation) -> str:
    """Say what was found in plain words, as a bot does that learned small talk."""
    found: dict[str, object] = json.loads(drawn.answer)
    return "Sure! " + ", ".join(f"{key} is {value}" for key, value in found.items()) + "."


def careless(drawn: Conversation) -> str:
    """Be one too high on every sum above ten."""
    total = int(drawn.answer)
    return str(total + 1 if total > 10 else total)


def _single(kind: str, asked: str, answer: str) -> Conversation:
    return Conversation(kind=kind, turns=(asked, answer))
