"""All of it together, over real provider processes."""

import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.lacking import require
from tests.runtime.agents.conftest import Loudspeaker, encoded, words_of
from tests.runtime.conftest import running, until
from tests.runtime.live.conftest import LoudCutter, spoken
from vox.config import ProviderEntry
from vox.config.openvip import OpenVipSettings
from vox.errors import AgentNotConnected
from vox.paths import Home
from vox.runtime.agents.hub import AgentHub
from vox.runtime.agents.status import HubStatus
from vox.runtime.history import Filter
from vox.runtime.live.device import Device
from vox.runtime.requests import SynthesizeRequest
from vox.runtime.runtime import Runtime
from vox.testing import FakeMicrophone, FakeProvider

pytestmark = pytest.mark.anyio

CLIP = Path(__file__).parents[3] / "docs" / "audio" / "jfk.wav"


@dataclass
class Stage:
    """A hub that runs."""

    hub: AgentHub
    runtime: Runtime
    microphone: FakeMicrophone
    loudspeaker: Loudspeaker
    told: list[HubStatus] = field(default_factory=list[HubStatus])


@asynccontextmanager
async def staged(
    home: Home, *entries: ProviderEntry, microphone: FakeMicrophone | None = None, **settings: Any
) -> AsyncGenerator[Stage]:
    hears = microphone or FakeMicrophone(spoken(1.0, 1.0))
    async with running(home, *entries, **settings) as setup:
        setup.runtime.live.device = Device(hears.open)
        if microphone is None:
            setup.runtime.live.cutter = LoudCutter
        loudspeaker = Loudspeaker()
        hub = AgentHub(setup.runtime, home, encoded, loudspeaker.open)
        stage = Stage(hub, setup.runtime, hears, loudspeaker)
        hub.watch(lambda: stage.told.append(hub.status()))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hub.run)
            yield stage
            hub.stop()
            tasks.cancel_scope.cancel()


@pytest.fixture
def fake(tmp_path: Path) -> FakeProvider:
    return FakeProvider(tmp_path / "fake")


@pytest.fixture
def entries(fake: FakeProvider) -> list[ProviderEntry]:
    return [ProviderEntry.model_validate(entry) for entry in fake.entries]


def remembered(home: Home) -> Any:
    return json.loads(home.agents_json.read_text(encoding="utf-8"))["current"]


async def test_what_is_said_is_read_and_what_is_answered_is_heard(
    home: Home, fake: FakeProvider, entries: list[ProviderEntry]
) -> None:
    async with staged(home, *entries, history=True, openVip={"announcements": False}) as stage:
        hub = stage.hub
        mailbox = hub.agents.connect("one")
        await until(lambda: hub.status().state == "listening")
        fake.says("fix the bug ok send")
        stage.microphone.advance(2.0)
        await until(lambda: len(mailbox) == 1)
        assert words_of(mailbox) == ["fix the bug"]
        answered = await hub.say(SynthesizeRequest("done", voice="two"))
        assert (answered.heard, answered.model, answered.voice) == (True, "fake:tts", "two")
        assert answered.duration_s == pytest.approx(4 * 0.06) and stage.loudspeaker.played
        await until(lambda: hub.status().state == "listening")
        status = hub.status()
        assert (status.asr_model, status.language, status.microphone) == ("fake:asr", "en", "Fake microphone")
        assert (status.tts_model, status.tts_voice, status.queued) == ("fake:tts", "two", 0)
        assert (status.connected, status.current, status.listening) == (("one",), "one", True)
        page = await stage.runtime.history.page(Filter())
        assert [(record["kind"], record["text"]) for record in page.records] == [
            ("synthesis", "done"),
            ("transcription", "fix the bug ok send"),
        ]


async def test_changes_are_told_when_there_are_some(home: Home, entries: list[ProviderEntry]) -> None:
    async with staged(home, *entries) as stage:
        stage.hub.agents.connect("one")
        await until(lambda: stage.hub.status().state == "listening")
        stage.microphone.advance(2.0)
        await until(lambda: stage.hub.ears.model is not None)
        states = [status.state for status in stage.told]
        assert [state for state in states if state in ("listening", "recording", "transcribing")]
        assert all(before != after for before, after in zip(stage.told, stage.told[1:], strict=False))
        assert stage.told[0].connected == ("one",) and stage.told[-1] == stage.hub.status()


async def test_announcements_are_ready_once_somebody_is_there(
    home: Home, fake: FakeProvider, entries: list[ProviderEntry]
) -> None:
    async with staged(home, *entries) as stage:
        assert fake.calls == []
        stage.hub.agents.connect("one")
        await until(lambda: [call["params"]["input"] for call in fake.calls] == ["Muted.", "Listening."])
        stage.hub.dictation.set_muted(True)
        await until(lambda: stage.loudspeaker.log[-1:] == ["close"])
        assert len(fake.calls) == 2 and stage.loudspeaker.played


async def test_nothing_is_announced_where_that_is_not_wished(
    home: Home, fake: FakeProvider, entries: list[ProviderEntry]
) -> None:
    async with staged(home, *entries, openVip={"announcements": False}) as stage:
        stage.hub.agents.connect("one")
        stage.hub.agents.connect("two")
        assert stage.hub.switch("too") == "two"
        stage.hub.dictation.set_muted(True)
        await stage.hub.say(SynthesizeRequest("z"))
        assert [call["params"]["input"] for call in fake.calls] == ["z"]


async def test_without_anything_that_speaks_it_goes_on(home: Home) -> None:
    async with staged(home) as stage:
        stage.hub.agents.connect("one")
        await until(lambda: stage.hub.ears.error is not None)
        stage.hub.dictation.set_muted(True)
        await until(lambda: stage.hub.status().speech_error is not None)
        assert stage.hub.status().state == "muted"


async def test_another_agent_is_chosen_by_name_and_by_focus(home: Home, entries: list[ProviderEntry]) -> None:
    async with staged(home, *entries, openVip={"listen": False}) as stage:
        for name in ("claude", "codex"):
            stage.hub.agents.connect(name)
        assert stage.hub.switch("Kodex") == "codex" == stage.hub.status().current
        with pytest.raises(AgentNotConnected) as raised:
            stage.hub.switch("banana")
        assert raised.value.details["connected"] == ["claude", "codex"]
        stage.hub.focus("claude", True)
        assert stage.hub.agents.current == "claude"


async def test_focus_may_be_no_choice(home: Home) -> None:
    async with staged(home, openVip={"listen": False, "followFocus": False}) as stage:
        for name in ("claude", "codex"):
            stage.hub.agents.connect(name)
        stage.hub.focus("codex", True)
        assert stage.hub.agents.current == "claude"


async def test_the_last_session_goes_on_after_a_restart(home: Home) -> None:
    async with staged(home, openVip={"listen": False}) as stage:
        stage.hub.agents.connect("one")
        stage.hub.agents.connect("two")
        stage.hub.switch("two")
        await until(lambda: home.agents_json.exists() and remembered(home) == "two")
    async with staged(home, openVip={"listen": False}) as stage:
        stage.hub.agents.connect("one")
        stage.hub.agents.connect("two")
        assert stage.hub.agents.current == "two"


async def test_the_end_of_the_daemon_is_no_choice(home: Home) -> None:
    async with staged(home, openVip={"listen": False}) as stage:
        mailboxes = {name: stage.hub.agents.connect(name) for name in ("one", "two")}
        stage.hub.stop()
        for name, mailbox in mailboxes.items():
            stage.hub.agents.disconnect(name, mailbox)
    assert remembered(home) == "one"


async def test_a_name_that_cannot_be_spoken_is_not_announced(home: Home, entries: list[ProviderEntry]) -> None:
    async with staged(home, *entries, openVip={"said": {"agent": "{name}"}}) as stage:
        for name in ("one", "-"):
            stage.hub.agents.connect(name)
        assert stage.hub.switch("-") == "-" == stage.hub.agents.current
        assert stage.hub.voicebox.queued == 0


async def test_loading_is_shown(home: Home, entries: list[ProviderEntry]) -> None:
    async with staged(home, *entries) as stage:
        stage.hub.agents.connect("one")
        await until(lambda: any(status.loading == ("fake:asr",) for status in stage.told))
        await until(lambda: stage.hub.status().loading == ())


async def test_real_speech_is_recognised_for_the_agent_it_was_said_to(home: Home) -> None:
    """President Kennedy, by the microphone, the detector and the recogniser that come with Vox."""
    require("moonshine_voice")
    entry = ProviderEntry.model_validate(
        {"id": "moonshine", "kind": "asr", "command": [sys.executable, "-m", "vox_providers.moonshine"]}
    )
    async with staged(home, entry, microphone=FakeMicrophone(CLIP)) as stage:
        mailbox = stage.hub.agents.connect("one", partials=True)
        await until(lambda: stage.hub.status().state == "listening")
        stage.microphone.play(then_silence_s=1.5)
        await until(lambda: stage.hub.status().state == "transcribing", 20)
        await until(lambda: stage.hub.status().state == "listening", 60)
        text = " ".join(words_of(mailbox)).lower()
        assert "fellow americans" in text and "what your country can do for you" in text
        assert stage.hub.status().asr_model == "moonshine:tiny-en"
        assert stage.microphone.is_open


STATES = ["off", "listening", "off", "listening"]


async def test_settings_that_change_are_followed(home: Home, entries: list[ProviderEntry]) -> None:
    async with staged(home, *entries, openVip={"announcements": False}) as stage:
        stage.hub.agents.connect("one")
        await until(lambda: stage.hub.status().state == "listening")
        before = stage.runtime.configuration
        changed = before.settings.model_copy(update={"open_vip": OpenVipSettings(language="de", announcements=False)})
        stage.runtime.configure(replace(before, settings=changed))
        await until(lambda: [state for state, _ in groupby(stage.told, lambda status: status.state)] == STATES)
        assert stage.hub.status().language == "de"
