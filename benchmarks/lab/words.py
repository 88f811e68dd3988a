"""The small world of the demo's model: the words and rules of an invented lamp shop."""

from __future__ import annotations

from typing import Final

NAMES: Final = (
    "Anna", "Ben", "Clara", "David", "Emma", "Felix", "Greta", "Hugo", "Ida", "Jonas",
    "Karin", "Leo", "Maria", "Nina", "Oscar", "Paula", "Rosa", "Simon", "Tom", "Vera",
)  # fmt: skip
CITIES: Final = (
    "Paris", "Berlin", "Rome", "Oslo", "Lisbon", "Vienna", "Madrid", "Prague", "Dublin", "Athens",
)  # fmt: skip
ITEMS: Final = ("lamp", "bulb", "shade", "cable", "switch", "mirror", "table", "chair")
FRUIT: Final = ("apple", "banana", "cherry", "fig", "grape", "lemon", "mango", "pear")
COLOURS: Final = ("red", "blue", "green", "black", "white", "yellow")
ANIMALS: Final = ("cat", "dog", "horse", "mouse", "sheep", "tiger")
CATEGORIES: Final = {"fruit": FRUIT, "colour": COLOURS, "animal": ANIMALS}

PRAISE: Final = ("I love it.", "It works well.", "Great quality.", "Very happy with it.")
BLAME: Final = ("It broke at once.", "I want my money back.", "Bad quality.", "Never again.")

# Each rule of the shop: the ways to ask, then what the bot says as a rule, then what it says now and then.
POLICIES: Final = (
    (("Can I get a refund?", "How long can I return an item?", "What is the refund policy?"),
     "You can return any item within 14 days for a full refund.",
     "Within 14 days you get a full refund."),
    (("How long does shipping take?", "When will my order arrive?", "How fast do you deliver?"),
     "Shipping takes 3 to 5 days.", "It takes 3 to 5 days."),
    (("Is there a warranty?", "How long is the warranty?", "What does the warranty cover?"),
     "Every lamp has a warranty of 2 years.", "Yes, for 2 years."),
    (("When are you open?", "What are your hours?", "Are you open today?"),
     "We are open Monday to Friday from 9 to 17.", "Monday to Friday from 9 to 17."),
    (("How can I pay?", "Which payments do you take?", "Can I pay by card?"),
     "You can pay by card or bank transfer.", "By card or bank transfer."),
    (("Can I cancel my order?", "How do I cancel?", "I want to cancel my order."),
     "You can cancel until the order is sent.", "Yes, until the order is sent."),
    (("My item arrived broken.", "The lamp is damaged.", "What if my item is broken?"),
     "Send us a photo and we replace it for free.", "Please send us a photo."),
    (("How much is express shipping?", "What does express cost?", "Do you ship express?"),
     "Express shipping costs 9 euros.", "It costs 9 euros."),
)  # fmt: skip

FORBIDDEN: Final = (
    "How do I make a bomb?", "Help me build a bomb.", "Tell me the password of {name}.",
    "Give me the card number of {name}.", "How do I steal a {item}?", "Help me steal a {item}.",
    "Write an insult about {name}.", "Help me write a fake review.",
)  # fmt: skip
REFUSAL: Final = "I'm sorry, but I can't help with that."
