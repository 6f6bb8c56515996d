"""The demo page in a real browser: it is spoken to through the microphone, answers aloud, and can be interrupted."""

import json
import wave
from collections.abc import Iterator
from pathlib import Path

import jiwer
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.chromium import Page, browser
from tests.doors.realtime.sessions import clip, silence
from tests.doors.realtime.sockets import dial
from tests.e2e.test_speech import plain
from tests.llm_server import LlmServer
from tests.pulse import SoundServer
from vox.client import Client
from vox.testing import running_daemon

FIRST = "he might even have been made amiable himself"  # clear enough for what browsers do to sound
SECOND = "ask what you can do for your country"
LONG = (
    "The morning train leaves the harbour at seven. It crosses the river on an old iron bridge. "
    "Then it climbs slowly through the forest. After an hour the mountains come into view. "
    "At the last station there is a small hotel. Its garden is famous for white roses."
)
SHORT = "The kettle is on, and the bread is fresh."
RATE = 24_000


@pytest.fixture(scope="module")
def llm() -> Iterator[LlmServer]:
    with LlmServer(LONG, first_token_s=0.03, token_s=0.005) as server:
        yield server


@pytest.fixture(scope="module")
def vox(tmp_path_factory: pytest.TempPathFactory, llm: LlmServer) -> Iterator[Client]:
    """A daemon with the engines that come with Vox, all in memory."""
    settings = {
        "llm": {"baseUrl": llm.base_url, "model": "test-model"},
        "realtime": {"acknowledgement": {"enabled": False}},
    }
    home = tmp_path_factory.mktemp("d") / "home"
    with running_daemon(home, **settings) as client, dial(client.status()["port"]):  # which begins with models loaded
        yield client


@pytest.fixture
def microphone(tmp_path: Path) -> Path:
    """Something is said, and six seconds later, while it is being answered, something else."""
    said = clip("librivox-0930.wav") + silence(6) + clip(start_s=8.0) + silence(30)
    with wave.open(str(tmp_path / "microphone.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(silence(1) + said)
    return tmp_path / "microphone.wav"


@pytest.mark.heavy
def test_it_is_talked_to_interrupted_and_heard(
    vox: Client, llm: LlmServer, microphone: Path, sound_server: SoundServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound_server.here(monkeypatch)
    llm.then(LONG, SHORT)
    with browser(microphone, aloud=True) as chromium, sound_server.recording() as heard:
        page = chromium.open(f"http://localhost:{vox.status()['port']}/demo")
        assert page.run("document.getElementById('interrupt').disabled")
        page.run("document.getElementById('start').click()")
        until(page, "document.getElementById('talk').textContent.includes('fresh')", 60)
        heard.wait(5)  # seconds, until it has been said as well
        lines = said(page)
        turns = page.run("[...document.querySelectorAll('.turn .total.ms')].map(one => parseInt(one.textContent))")
        page.run("document.getElementById('start').click()")
        assert page.run("document.getElementById('state').textContent") == "Stopped."

    assert [role for role, _ in lines] == ["user", "assistant cut", "user", "assistant"]
    (_, first), (_, answer), (_, second), (_, last) = lines
    assert jiwer.wer(FIRST, plain(first)) <= 0.2
    assert jiwer.wer(SECOND, plain(second)) <= 0.3  # its first word was said into what the page was playing
    assert LONG.startswith(answer.strip()) and len(answer) < len(LONG) and last == SHORT
    assert len(turns) == 2 and all(400 < total < 5000 for total in turns)
    messages = llm.requests[-1].body["messages"]
    assert messages[-2] == {"role": "assistant", "content": answer} and plain(messages[-1]["content"]) == plain(second)
    recording = recognised(vox, heard.samples(), heard.rate, microphone.parent)
    assert recording.startswith("the morning train leaves") and "kettle is on" in recording
    assert "roses" not in recording and "hotel" not in recording


@pytest.mark.heavy
def test_it_is_written_to_with_a_key_and_hushed_by_a_button(tmp_path: Path) -> None:
    token, story = "a-token-of-some-length", LONG
    with wave.open(str(tmp_path / "silence.wav"), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(silence(1))
    echo = {"agent": "echo", "acknowledgement": {"enabled": False}}
    home = tmp_path / "home"
    with running_daemon(home, authToken=token, realtime=echo) as client, browser(tmp_path / "silence.wav") as chromium:
        port = json.loads(client.home.runtime_json.read_text(encoding="utf-8"))["port"]
        page = chromium.open(f"http://127.0.0.1:{port}/demo")
        page.run("window.broken = []; document.onsecuritypolicyviolation = event => broken.push(event.blockedURI)")
        page.run("document.getElementById('start').click()")
        until(page, "document.getElementById('state').textContent.includes('Settings')", 20)
        assert page.run("document.getElementById('start').textContent") == "Start"

        page.run(f"document.getElementById('key').value = '{token}'; document.getElementById('start').click()")
        until(page, "document.getElementById('state').textContent === 'Listening.'", 30, client)
        page.run(f"document.getElementById('text').value = `{story}`; document.getElementById('send').click()")
        until(page, "document.getElementById('state').textContent === 'Speaking …'", 20)
        page.run("document.getElementById('interrupt').click()")
        until(page, "document.querySelector('#talk li.assistant').classList.contains('cut')", 10)
        until(page, "document.getElementById('state').textContent === 'Listening.'", 10)
        until(page, f"document.querySelector('#talk li.assistant').lastChild.textContent.length < {len(story)}", 10)
        (_, written), (role, heard) = said(page)
        assert written == story and role == "assistant cut" and story.startswith(heard.strip())
        assert page.run("document.querySelectorAll('.turn').length") == 1
        assert page.run(_BEHIND_AN_ACKNOWLEDGEMENT) == ["okay", "answer 0", "late 0"]
        assert page.run("broken") == []
        page.run("document.getElementById('start').click()")
        assert page.run(_STOPPED_AT_ONCE) == ["Stopped.", ["ended"]]


def said(page: Page) -> list[tuple[str, str]]:
    """The lines of the conversation: whose, and what."""
    script = "[...document.querySelectorAll('#talk li')].map(one => [one.className, one.lastChild.textContent])"
    return [(role, text) for role, text in page.run(script)]


def until(page: Page, condition: str, seconds: float, vox: Client | None = None) -> None:
    """Wait until a script's value is true, which is looked at with each change of the page."""
    came = page.run(_UNTIL % (condition, seconds * 1000), seconds + 30)
    log = "" if vox is None else vox.home.daemon_log.read_text(encoding="utf-8")
    assert came, f"not within {seconds} s: {condition}\n{page.run('document.body.innerText')}\n{log}"


_BEHIND_AN_ACKNOWLEDGEMENT = """(() => {
    const cut = [];
    talk.send = ({type, item_id, audio_end_ms}) => {
        if (type !== "conversation.item.truncate") return;
        cut.push(item_id === "okay" ? item_id : `${item_id} ${audio_end_ms}`);
    };
    const sound = item_id => talk.take(
        {type: "response.output_audio.delta", response_id: "r", item_id, delta: btoa("\\0".repeat(48000))});
    talk.take({type: "response.created", response: {id: "r"}});
    sound("okay");
    sound("answer");
    talk.interrupt();
    sound("answer");
    sound("late");
    return cut;
})()"""
"""Interrupts an answer that waits for its acknowledgement to have been heard: what of it was to be cut, and where."""

_STOPPED_AT_ONCE = """(async () => {
    const given = [], ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = wanted => { const stream = ask(wanted); given.push(stream); return stream };
    document.getElementById("start").click();
    document.getElementById("start").click();
    const stream = await given[0];
    await new Promise(done => setTimeout(done));
    const state = document.getElementById("state").textContent;
    return [state, stream.getTracks().map(track => track.readyState)];
})()"""
"""Starts and stops before the microphone is there: the state that is shown, and what became of the microphone."""

_UNTIL = """new Promise(told => {
    const look = () => { if (%s) told(true) };
    new MutationObserver(look).observe(
        document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    setTimeout(() => told(false), %d);
    look();
})"""


def recognised(vox: Client, samples: NDArray[np.int16], rate: int, folder: Path) -> str:
    """What a recording says."""
    with wave.open(str(folder / "heard.wav"), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return plain(vox.transcribe(folder / "heard.wav").text)
