"""The difference of two configurations."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.config import ProviderEntry, Settings
from vox.config.changes import Changes, compare, restart_needed


def entry(name: str, kind: str = "asr", **fields: Any) -> ProviderEntry:
    return ProviderEntry.model_validate({"id": name, "kind": kind, "command": ["run", name], **fields})


A, B, C = entry("a"), entry("b"), entry("c")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], [], Changes()),
        ([A], [A], Changes(kept=(("a", "asr"),))),
        ([A, B], [B, A], Changes(kept=(("b", "asr"), ("a", "asr")))),
        ([A], [A, B], Changes(added=(("b", "asr"),), kept=(("a", "asr"),))),
        ([A, B], [B], Changes(removed=(("a", "asr"),), kept=(("b", "asr"),))),
        ([A], [entry("a", env={"X": "1"})], Changes(changed=(("a", "asr"),))),
        ([A], [entry("a", queue={"max": 1})], Changes(changed=(("a", "asr"),))),
        ([A], [entry("a", "tts")], Changes(added=(("a", "tts"),), removed=(("a", "asr"),))),
        (
            [A, B],
            [entry("b", models=["m"]), C],
            Changes(added=(("c", "asr"),), removed=(("a", "asr"),), changed=(("b", "asr"),)),
        ),
    ],
)
def test_each_entry_is_new_gone_changed_or_kept(
    before: list[ProviderEntry], after: list[ProviderEntry], expected: Changes
) -> None:
    assert compare(before, after) == expected
    assert bool(compare(before, after)) == bool(expected.added or expected.removed or expected.changed)


entries = st.lists(
    st.builds(entry, st.sampled_from("abcde"), st.sampled_from(["asr", "tts"]), maxConcurrency=st.integers(1, 3)),
    unique_by=lambda found: (found.id, found.kind),
)


@given(entries, entries)
def test_the_difference_leads_from_one_to_the_other_and_back(
    before: list[ProviderEntry], after: list[ProviderEntry]
) -> None:
    old, new = ({(one.id, one.kind): one for one in those} for those in (before, after))
    changes = compare(before, after)
    assert sorted(changes.added + changes.changed + changes.kept) == sorted(new)
    assert sorted(changes.removed + changes.changed + changes.kept) == sorted(old)
    assert all(old[key] == new[key] for key in changes.kept)
    assert all(old[key] != new[key] for key in changes.changed)
    back = compare(after, before)
    assert (set(back.added), set(back.removed)) == (set(changes.removed), set(changes.added))
    assert set(back.changed) == set(changes.changed)


def test_only_the_address_needs_a_restart() -> None:
    started = Settings()
    assert restart_needed(started, Settings(default_asr="m", max_audio_seconds=5)) == []
    assert restart_needed(started, Settings(port=1, host="::1")) == ["host", "port"]
