"""BLEU, GLEU and METEOR of one answer: the libraries' own numbers, 0 to 1."""

from typing import Any

from driftwatch.scorers.extras import missing
from driftwatch.scorers.judge import of_text
from driftwatch.scorers.overlap import best_of, compared
from driftwatch.scorers.verdict import Scored, Scorer, Unscored
from driftwatch.scorers.words import few_words, references


def bleu(argument: Any) -> Scorer:
    """Build: sentence BLEU as sacrebleu computes it: 13a tokens, lower case, exponential smoothing, effective order."""
    texts = list(references(compared(argument)["value"]))
    with missing("bleu", "sacrebleu"):
        from sacrebleu.metrics.bleu import BLEU
    engine = BLEU(lowercase=True, effective_order=True)

    def judge(text: str) -> Scored:
        found = few_words(text)
        if isinstance(found, Unscored):
            return found
        return min(1.0, engine.sentence_score(text, texts).score / 100) if found else 0.0

    return of_text(judge)


def gleu(argument: Any) -> Scorer:
    """Build: Google's sentence GLEU, the lesser of precision and recall of all 1- to 4-grams."""
    texts = references(compared(argument)["value"])
    with missing("gleu", "nltk"):
        from nltk.translate.gleu_score import sentence_gleu
    return best_of(texts, lambda found, target: float(sentence_gleu([target], found)))


def meteor(argument: Any) -> Scorer:
    """Build: METEOR with its exact and its (English) stem stage; no synonyms, so nothing is downloaded."""
    texts = references(compared(argument)["value"])
    with missing("meteor", "nltk"):
        from nltk.translate.meteor_score import single_meteor_score
    silent = _NoSynonyms()
    return best_of(texts, lambda found, target: float(single_meteor_score(target, found, wordnet=silent)))


class _NoSynonyms:
    """A WordNet without words: the scores are the same on every machine, whether the real one is installed or not."""

    def synsets(self, _word: str) -> list[Any]:
        return []
