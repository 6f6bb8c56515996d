"""Where a model id goes: the entries' lists, what providers offer, aliases, defaults, and honest refusals."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.runtime.conftest import entry, model, running
from vox import errors
from vox.config import Configuration, ProviderEntry, Settings
from vox.host.command import child_environment
from vox.host.job import make_watcher
from vox.host.supervisor import ProviderSpec, Supervisor
from vox.paths import Home
from vox.runtime.registry import Registry
from vox.runtime.routing import Router

pytestmark = pytest.mark.anyio


def ghost(name: str, **fields: Any) -> ProviderEntry:
    """An entry whose program does not exist: whoever tries to start it fails."""
    return ProviderEntry.model_validate({"id": name, "command": ["no-such-program-anywhere"], **fields})


async def resolve(home: Home, wanted: str | None, *entries: ProviderEntry, kind: str = "asr", **settings: Any) -> str:
    """`provider/model` of the route."""
    async with running(home, *entries, **settings) as setup:
        router = Router(setup.registry, setup.runtime.configuration.settings)
        try:
            route = await router.resolve(wanted, kind)  # type: ignore[arg-type]
        except errors.VoxError as error:
            return f"{error.code}: {error.message}"
        return f"{route.provider.id}/{route.model.id}"


async def test_a_configured_model_is_found_without_starting_anything(home: Home) -> None:
    assert await resolve(home, "a:1", ghost("a", models=["a:1"]), ghost("b")) == "a/a:1"


async def test_a_configured_list_beats_what_an_earlier_provider_offers(home: Home) -> None:
    offers = entry("dynamic", {"models": [model("x:1")]})
    assert await resolve(home, "x:1", offers, ghost("listed", models=["x:1"])) == "listed/x:1"


async def test_the_first_of_two_that_list_a_model_serves_it(home: Home) -> None:
    assert await resolve(home, "x:1", ghost("a", models=["x:1"]), ghost("b", models=["x:1"])) == "a/x:1"


async def test_a_list_is_all_that_its_entry_serves(home: Home) -> None:
    listed = entry("a", {"models": [model("a:1"), model("a:2")]}, models=["a:1"])
    found = await resolve(home, "a:2", listed)
    assert found.startswith("model_not_found") and "a:1" in found


async def test_an_offered_model_is_found_behind_one_that_cannot_start(home: Home) -> None:
    offers = entry("b", {"models": [model("x:1")]})
    assert await resolve(home, "x:1", ghost("a"), offers) == "b/x:1"


async def test_the_provider_the_prefix_names_is_asked_first(home: Home) -> None:
    other = entry("other", {"models": [model("x:1")]})
    named = entry("x", {"models": [model("x:1")]})
    async with running(home, other, named) as setup:
        route = await Router(setup.registry, Settings()).resolve("x:1", "asr")
        assert route.provider.id == "x"
        assert setup.pid("other") is None


async def test_the_provider_the_prefix_names_tells_why_it_cannot(home: Home) -> None:
    found = await resolve(home, "x:1", ghost("x"), entry("y", {"models": [model("y:1")]}))
    assert found.startswith("provider_unavailable") and "no-such-program-anywhere" in found


async def test_kinds_do_not_mix(home: Home) -> None:
    found = await resolve(home, "x:1", ghost("a", models=["x:1"]), kind="tts")
    assert found.startswith("model_not_found")


async def test_an_unknown_model_names_what_looks_like_it(home: Home) -> None:
    offers = entry("m", {"models": [model("moonshine:tiny-en"), model("whisper:base")]})
    async with running(home, offers) as setup:
        with pytest.raises(errors.ModelNotFound) as caught:
            await Router(setup.registry, Settings()).resolve("moonshine:tiny", "asr")
    assert caught.value.details["nearest"] == ["moonshine:tiny-en"]
    assert "Did you mean moonshine:tiny-en?" in caught.value.message
    assert (await resolve(home, "zzz", offers)).endswith("Known: moonshine:tiny-en, whisper:base.")


@pytest.mark.parametrize("alias", ["parakeet:v3", "parakeet:v2", " parakeet:v3 "])
async def test_the_id_clients_have_built_in_stands_for_the_default(home: Home, alias: str) -> None:
    offers = entry("m", {"models": [model("m:1")]})
    assert await resolve(home, alias, offers) == "m/m:1"
    listed = entry("parakeet", {"models": [model(alias.strip(), installed=False)]})
    assert await resolve(home, alias, listed, offers) == "m/m:1"
    assert (
        await resolve(home, alias, entry("parakeet", {"models": [model(alias.strip())]})) == f"parakeet/{alias.strip()}"
    )


async def test_an_alias_stands_in_for_a_provider_that_cannot_start(home: Home) -> None:
    assert await resolve(home, "parakeet:v3", ghost("parakeet"), entry("m", {"models": [model("m:1")]})) == "m/m:1"


async def test_the_system_voice_is_espeak(home: Home) -> None:
    speaks = entry("espeak", {"models": [model("espeak:system")]}, kind="tts")
    first = entry("first", {"models": [model("first:1")]}, kind="tts")
    assert await resolve(home, "avspeech:system", first, speaks, kind="tts") == "espeak/espeak:system"
    assert await resolve(home, "avspeech:system", first, kind="tts") == "first/first:1"


async def test_an_alias_that_is_meant_exactly_is_not_replaced(home: Home) -> None:
    here = entry("parakeet", {"models": [model("parakeet:v3", installed=False)]})
    async with running(home, here, entry("m", {"models": [model("m:1")]})) as setup:
        router = Router(setup.registry, Settings())
        assert (await router.resolve("parakeet:v3", "asr", exact=True)).model.id == "parakeet:v3"
        with pytest.raises(errors.ModelNotFound):
            await router.resolve("parakeet:v2", "asr", exact=True)


@pytest.mark.parametrize("wanted", [None, "", "  "])
async def test_no_model_means_the_first_that_is_installed(home: Home, wanted: str | None) -> None:
    entries = (
        ghost("broken"),
        entry("a", {"models": [model("a:1", installed=False), model("a:2", available=False)]}),
        entry("b", {"models": [model("b:1")]}),
    )
    assert await resolve(home, wanted, *entries) == "b/b:1"


async def test_no_model_means_the_one_in_the_settings(home: Home) -> None:
    entries = entry("a", {"models": [model("a:1")]}), entry("b", {"models": [model("b:1")]})
    assert await resolve(home, None, *entries, defaultAsr="b:1") == "b/b:1"
    missing = await resolve(home, None, *entries, defaultAsr="c:1")
    assert missing.startswith("model_not_found") and "c:1" in missing


async def test_no_usable_model_says_what_the_preferred_one_lacks(home: Home) -> None:
    first = entry("a", {"models": [model("a:1", available=False, remedy="Set A_KEY.")]})
    others = first, entry("b", {"models": [model("b:1", installed=False)]})
    assert "No model for speech recognition can be used. For a:1: Set A_KEY." in await resolve(home, None, *others)
    assert "For a:1: Set A_KEY." in await resolve(home, "parakeet:v3", *others)  # nothing can stand for it


async def test_nothing_installed_says_what_to_do_and_why(home: Home) -> None:
    found = await resolve(home, None, ghost("broken"), kind="asr")
    assert found.startswith("model_not_found") and 'pip install "voxhost[local]"' in found
    assert "broken" in found and "no-such-program-anywhere" in found


async def test_the_default_of_one_that_is_backing_off_is_not_unknown(home: Home) -> None:
    async with running(home, entry("ear", {"models": [model("ear:1")], "dies": ["voices"]})) as setup:
        router, supervisor = Router(setup.registry, Settings()), setup.registry.providers[0].supervisor
        assert (await router.default("asr")).model.id == "ear:1"
        with pytest.raises(errors.ProviderCrashed):
            await supervisor.call("voices", {}, lambda raw, _: raw, timeout_s=10)
        for wanted in (None, "ear:1"):
            with pytest.raises(errors.ProviderUnavailable) as caught:
                await router.resolve(wanted, "asr")
            assert caught.value.details["retryAfterMs"] > 0


async def test_one_that_dies_at_its_start_says_when_to_come_back(home: Home) -> None:
    async with running(home, entry("ear", {"dies": ["models"]})) as setup:
        with pytest.raises(errors.ProviderUnavailable) as caught:
            await Router(setup.registry, Settings()).default("asr")
    assert caught.value.details["retryAfterMs"] > 0


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12).filter(str.strip)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lists=st.lists(st.lists(NAMES, max_size=4), min_size=1, max_size=4), pick=st.data())
def test_whatever_the_ids_the_first_that_lists_one_serves_it(lists: list[list[str]], pick: st.DataObject) -> None:
    entries = tuple(ghost(f"p{number}", models=models) for number, models in enumerate(lists))
    every = [name for models in lists for name in models]
    wanted = pick.draw(st.sampled_from([*every, "nobody:serves-this"]))

    async def check() -> None:
        async with anyio.create_task_group() as tasks:
            registry = Registry(Configuration(entries, Settings()), lambda entry: _idle(entry, tasks))
            if wanted.strip() in every and wanted == wanted.strip():
                route = await Router(registry, Settings()).resolve(wanted, "asr")
                first = next(number for number, models in enumerate(lists) if wanted in models)
                assert (route.provider.id, route.model.id) == (f"p{first}", wanted)
            elif wanted.strip() not in every:
                with pytest.raises(errors.ModelNotFound):
                    await Router(registry, Settings()).resolve(wanted, "asr")
            assert all(provider.supervisor.generation == 0 for provider in registry.providers)

    asyncio.run(check())


def _idle(entry: ProviderEntry, tasks: Any) -> Supervisor:
    spec = ProviderSpec(entry.id, tuple(entry.command or [sys.executable]), child_environment({}), Path.cwd())
    return Supervisor(spec, tasks=tasks, watcher=make_watcher(), stderr=lambda _: None)
