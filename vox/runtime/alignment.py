"""Which word of one sequence is which of another, when both tell the same with mistakes between.

Long runs that agree come first; what lies between two such runs is short, and there the pairs are chosen that make the
most of the likeness of the words, with a word that one side writes as two. The pairs never cross.
"""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import TypeAlias

__all__ = ["Pair", "align"]

Pair: TypeAlias = tuple[int, int]
"""An index on the left and the one on the right that it belongs to."""

_Run: TypeAlias = tuple[bool, int, int, int, int]

_ALIKE = 0.5  # of difflib's ratio: "organize" and "organise" are, "sea" and "table" are not
_JOINED = 0.8  # two words against one must be closer: almost any two letters are somewhere in a long word
_BY_PLACE = 0.05  # unlike words at the same place of gaps of the same length: one was misheard for the other
_MOST_CELLS = 4096  # of one gap; a larger one is another text, in which pairs would be accidents
_MOST_SEARCHED = 4_000_000  # cells of a gap that is searched for runs of frequent words: about a second


def align(left: Sequence[str], right: Sequence[str]) -> list[Pair]:
    """Pairs of indices, ascending on both sides; an index may be in several, when two words stand for one."""
    pairs: list[Pair] = []
    for equal, left_from, left_to, right_from, right_to in _runs(left, right):
        if equal:
            pairs += zip(range(left_from, left_to), range(right_from, right_to), strict=True)
        elif (left_to - left_from) * (right_to - right_from) <= _MOST_CELLS:
            gap = _between(left[left_from:left_to], right[right_from:right_to])
            pairs += ((left_from + one, right_from + other) for one, other in gap)
    return pairs


def _runs(left: Sequence[str], right: Sequence[str], *, frequent: bool = False) -> Iterator[_Run]:
    """Where both agree, and what lies between. Frequent words of a long text begin no run at first, which would cost
    time and find little; in a large gap they do."""
    matcher = SequenceMatcher(None, left, right, autojunk=not frequent)
    for tag, left_from, left_to, right_from, right_to in matcher.get_opcodes():
        cells = (left_to - left_from) * (right_to - right_from)
        if tag == "equal" or cells <= _MOST_CELLS or frequent or cells > _MOST_SEARCHED:
            yield tag == "equal", left_from, left_to, right_from, right_to
            continue
        for equal, *inside in _runs(left[left_from:left_to], right[right_from:right_to], frequent=True):
            yield equal, left_from + inside[0], left_from + inside[1], right_from + inside[2], right_from + inside[3]


def _between(left: Sequence[str], right: Sequence[str]) -> list[Pair]:
    """The best pairs of a gap: a table of the best score from each cell to the end, then the way through it."""
    rows, columns = len(left), len(right)
    score = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    step = [[(1, 1, False)] * columns for _ in range(rows)]
    for row in range(rows - 1, -1, -1):
        for column in range(columns - 1, -1, -1):
            ways = _ways(left, right, row, column)
            values = [
                (gain + score[row + down][column + along], (down, along, pair)) for gain, down, along, pair in ways
            ]
            score[row][column], step[row][column] = max(values)
    pairs: list[Pair] = []
    row = column = 0
    while row < rows and column < columns:
        down, along, pair = step[row][column]
        if pair:
            pairs += ((row + i, column + j) for i in range(down) for j in range(along))
        row, column = row + down, column + along
    return pairs


def _ways(left: Sequence[str], right: Sequence[str], row: int, column: int) -> list[tuple[float, int, int, bool]]:
    """What may be done at a cell: gain, steps on either side, and whether these belong together."""
    ways = [(0.0, 1, 0, False), (0.0, 0, 1, False)]
    alike = _likeness(left[row], right[column])
    if alike >= _ALIKE:
        ways.append((alike, 1, 1, True))
    elif len(left) == len(right):
        ways.append((_BY_PLACE, 1, 1, True))
    if row + 1 < len(left) and (joined := _likeness(left[row] + left[row + 1], right[column])) >= _JOINED:
        ways.append((2 * joined - 1, 2, 1, True))
    if column + 1 < len(right) and (joined := _likeness(left[row], right[column] + right[column + 1])) >= _JOINED:
        ways.append((2 * joined - 1, 1, 2, True))
    return ways


@lru_cache(maxsize=8192)
def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
