"""Messages that wait: bounded, in order, without anybody waiting but the reader."""

from hypothesis import given
from hypothesis import strategies as st

from vox.runtime.agents.mailbox import BOUND, OVERHEAD, Mailbox

SMALL = 1000

puts = st.lists(st.tuples(st.binary(max_size=400), st.booleans()), max_size=60)


def taken(mailbox: Mailbox) -> list[bytes]:
    found: list[bytes] = []
    while (data := mailbox.pull()) is not None:
        found.append(data)
    return found


@given(puts)
def test_never_more_than_the_bound_waits(messages: list[tuple[bytes, bool]]) -> None:
    mailbox = Mailbox(bound=SMALL)
    for data, partial in messages:
        mailbox.put(data, partial=partial)
        assert mailbox.size <= SMALL
    count = len(mailbox)
    kept = taken(mailbox)
    assert (len(kept), mailbox.size) == (count, 0)
    assert mailbox.dropped + len(kept) == len(messages)


@given(puts)
def test_what_is_left_is_in_order_and_partials_went_first(messages: list[tuple[bytes, bool]]) -> None:
    mailbox = Mailbox(bound=SMALL)
    numbered = [(bytes([number]) + data, partial) for number, (data, partial) in enumerate(messages)]
    for data, partial in numbered:
        mailbox.put(data, partial=partial)
    kept = taken(mailbox)
    numbers = [data[0] for data in kept]
    assert numbers == sorted(numbers)
    finals = [data for data, partial in numbered if not partial]
    kept_finals = [data for data in kept if data in finals]
    assert kept_finals == finals[len(finals) - len(kept_finals) :], "of finals, the newest stay"
    if len(kept_finals) < len(finals) and kept_finals:
        last = max(index for index, (_, partial) in enumerate(numbered) if not partial)
        before = [data for data in kept if data[0] < last and data not in finals]
        assert not before, "no partial outlives a final that was dropped after it"


@given(puts, st.lists(st.booleans(), max_size=60))
def test_without_pressure_it_is_a_plain_queue(messages: list[tuple[bytes, bool]], reads: list[bool]) -> None:
    mailbox, model, seen, expected = Mailbox(), list[bytes](), list[bytes | None](), list[bytes | None]()
    pending = iter(reads)
    for data, partial in messages:
        mailbox.put(data, partial=partial)
        model.append(data)
        if next(pending, False):
            seen.append(mailbox.pull())
            expected.append(model.pop(0))
    assert [*seen, *taken(mailbox)] == [*expected, *model]
    assert mailbox.dropped == 0


def test_a_message_beyond_the_bound_is_dropped_alone() -> None:
    mailbox = Mailbox(bound=SMALL)
    mailbox.put(b"a" * SMALL)
    assert (len(mailbox), mailbox.dropped, mailbox.size) == (0, 1, 0)
    mailbox.put(b"b")
    assert taken(mailbox) == [b"b"]


def test_a_reader_that_never_reads_costs_less_than_two_megabytes() -> None:
    mailbox = Mailbox()
    for number in range(100_000):
        mailbox.put(b"%06d" % number + b"x" * 294, partial=number % 3 == 0)
    assert BOUND - 300 - OVERHEAD < mailbox.size <= BOUND == 1_250_000
    assert mailbox.dropped == 100_000 - len(mailbox)
    first = mailbox.pull()
    assert first is not None and int(first[:6]) > 90_000


def test_after_closing_what_waits_may_be_read_and_nothing_comes() -> None:
    mailbox = Mailbox()
    mailbox.put(b"one")
    mailbox.close()
    mailbox.close()
    mailbox.put(b"too late")
    assert taken(mailbox) == [b"one"]
    assert mailbox.closed and not mailbox.dropped


def test_the_reader_is_told_at_once() -> None:
    mailbox, told = Mailbox(), list[int]()
    mailbox.reader = lambda: told.append(len(mailbox))
    mailbox.put(b"one")
    mailbox.put(b"two")
    mailbox.close()
    assert told == [1, 2, 2] and mailbox.closed
