"""Scorers of an answer's words."""

from driftwatch.scorers import overlap, text, translation
from driftwatch.scorers.choice import choice
from driftwatch.scorers.kind import ScorerKind
from driftwatch.scorers.numeric import numeric
from driftwatch.scorers.pattern import matches
from driftwatch.scorers.refusal import is_refusal

_LIST = "a list of texts, or one text with commas"
_TEXTS = "a text or a list of texts (the likeliest counts), or `value:` with `threshold:`"

WORDS = (
    ScorerKind(
        name="equals",
        build=text.equals,
        doc="The answer, white space around it aside, is exactly this text; given a list or mapping, this JSON.",
        argument="a text, a whole number, a list or a mapping",
        example='equals: "14 days"',
    ),
    ScorerKind(
        name="contains",
        build=text.contains,
        doc="The text stands somewhere in the answer.",
        argument="a text",
        example='contains: "14 days"',
    ),
    ScorerKind(
        name="icontains",
        build=text.icontains,
        doc="The text stands somewhere in the answer, upper and lower case alike.",
        argument="a text",
        example="icontains: refund",
    ),
    ScorerKind(
        name="contains-all",
        build=text.among(all, str),
        doc="All the texts stand in the answer.",
        argument=_LIST,
        example='contains-all: ["14 days", refund]',
    ),
    ScorerKind(
        name="contains-any",
        build=text.among(any, str),
        doc="At least one of the texts stands in the answer.",
        argument=_LIST,
        example="contains-any: [Paris, París]",
    ),
    ScorerKind(
        name="icontains-all",
        build=text.among(all, str.casefold),
        doc="All the texts stand in the answer, upper and lower case alike.",
        argument=_LIST,
        example="icontains-all: [refund, receipt]",
    ),
    ScorerKind(
        name="icontains-any",
        build=text.among(any, str.casefold),
        doc="At least one of the texts stands in the answer, upper and lower case alike.",
        argument=_LIST,
        example="icontains-any: [sorry, apologise, apologize]",
    ),
    ScorerKind(
        name="starts-with",
        build=text.starts_with,
        doc="The answer begins with the text, white space before it aside.",
        argument="a text",
        example='starts-with: "Dear customer"',
    ),
    ScorerKind(
        name="regex",
        build=matches,
        doc="The pattern is found somewhere in the answer.",
        argument="a regular expression in Python's syntax; `(?i)` in front ignores case",
        example="regex: '\\b[A-Z]{2}-\\d{4}\\b'",
    ),
    ScorerKind(
        name="word-count",
        build=text.word_count,
        doc="The answer has so many words, exactly or between `min` and `max`.",
        argument="a whole number, or `min:` and `max:`, or one of them",
        example="word-count: {min: 40, max: 60}",
    ),
    ScorerKind(
        name="levenshtein",
        build=text.levenshtein,
        doc="At most so many characters must be inserted, deleted or exchanged to get the text.",
        argument="a text, or `value:` with `max:` (or promptfoo's `threshold:`; default 5)",
        example='levenshtein: {value: "The parcel arrives on Monday.", max: 3}',
    ),
    ScorerKind(
        name="choice",
        reads="choice",
        build=choice,
        doc="The answer picks this letter or word, and no other.",
        argument="a letter, or `value:` with `options:`, the list of all choices (default: A to H)",
        example='choice: {value: "not spam", options: [spam, "not spam"]}',
    ),
    ScorerKind(
        name="numeric",
        reads="number",
        build=numeric,
        doc="The last number in the answer is the value, give or take the tolerance.",
        argument="a number, or `value:` with `tolerance:` (0) and `which:` (`last`, or `first`)",
        example="numeric: {value: 37.5, tolerance: 0.1}",
    ),
    ScorerKind(
        name="is-refusal",
        build=is_refusal,
        doc="The answer refuses: the vendor says so, or it begins as refusals do.",
        argument="nothing",
        example="is-refusal",
    ),
    ScorerKind(
        name="exact",
        build=overlap.exact,
        doc="The answer is this text, or one of these, but for what is ignored.",
        argument="a text or a list of texts, or `value:` with `normalise:`",
        example='exact: {value: [Paris, "the city of Paris"], normalise: [case, punctuation, articles, spaces]}',
    ),
    ScorerKind(
        name="f1",
        kind="graded",
        build=overlap.f1,
        doc="The words that the answer and the text share, as SQuAD counts them.",
        argument=_TEXTS,
        example='f1: {value: "within 14 days of delivery", threshold: 0.6}',
        enough=0.5,
    ),
    ScorerKind(
        name="rouge-n",
        kind="graded",
        build=overlap.rouge_n,
        doc="The share of the text's words, or n-grams, that the answer has.",
        argument="a text or a list of texts, or `value:` with `threshold:`, `n:` (1) and `measure:` (`recall`)",
        example='rouge-n: {value: "Returns are free within 14 days.", n: 2, threshold: 0.6}',
        enough=0.75,
        libraries=("rouge-score",),
    ),
    ScorerKind(
        name="bleu",
        kind="graded",
        build=translation.bleu,
        doc="Sentence BLEU: the n-grams of the answer that stand in the text, short answers punished.",
        argument=_TEXTS,
        example='bleu: {value: "The cat is on the mat.", threshold: 0.4}',
        enough=0.5,
        libraries=("sacrebleu",),
    ),
    ScorerKind(
        name="gleu",
        kind="graded",
        build=translation.gleu,
        doc="Google's sentence BLEU: the lesser of precision and recall of all 1- to 4-grams.",
        argument=_TEXTS,
        example='gleu: {value: "The cat is on the mat.", threshold: 0.4}',
        enough=0.5,
        libraries=("nltk",),
    ),
    ScorerKind(
        name="meteor",
        kind="graded",
        build=translation.meteor,
        doc="METEOR of words and their English stems, with a penalty for broken order; synonyms are not known.",
        argument=_TEXTS,
        example='meteor: {value: "The cat sat on the mat.", threshold: 0.6}',
        enough=0.5,
        libraries=("nltk",),
    ),
)
