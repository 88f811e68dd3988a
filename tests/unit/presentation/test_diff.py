from hypothesis import given
from hypothesis import strategies as st

from driftwatch.presentation.diff import MOST_TOKENS, Piece, side_by_side

words = st.lists(st.sampled_from(["14", "days", "within", " ", "\n", "é", "```", "{"]), max_size=30).map("".join)


@given(words, words)
def test_both_texts_are_told_in_full_and_in_order(old, new):
    before, now = side_by_side(old, new)
    assert "".join(piece.text for piece in before) == old
    assert "".join(piece.text for piece in now) == new


@given(words, words)
def test_what_is_not_marked_is_the_same_on_both_sides(old, new):
    before, now = side_by_side(old, new)
    if any(piece.changed for piece in (*before, *now)):
        kept = ["".join(piece.text for piece in side if not piece.changed) for side in (before, now)]
        assert kept[0] == kept[1]


def test_texts_with_little_in_common_are_left_unmarked():
    before, now = side_by_side("refunded-in-14-days", "I cannot help you with that (sorry)!")
    assert [piece.changed for piece in (*before, *now)] == [False, False]


def test_a_text_of_very_many_tokens_is_left_unmarked():
    """The search is cubic at worst: two such answers held the whole process for two seconds."""
    old = "".join(f"w{n} " for n in range(MOST_TOKENS // 2))
    new = old.replace("w7 ", "other ")
    assert any(piece.changed for side in side_by_side(old, new) for piece in side)
    assert side_by_side(old, f"{new}.") == ((Piece(text=old),), (Piece(text=f"{new}."),))
