"""The Python client that everybody has, unchanged: `openvip` from the package index."""

import threading
import urllib.error
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from openvip import Client, DuplicateAgentError, create_speech_request, create_transcription
from openvip.models.transcription import Transcription

from tests.daemon.conftest import until
from tests.doors.openvip.conftest import TIMEOUT_S, Place, message

SEED = """
from openvip import Client
client = Client("http://localhost:8770/openvip")
for event in client.subscribe("my-agent"):
    if event.type == "transcription":
        result = process(event.text)
        client.speak(result)
"""
"""The published example, word for word."""


@pytest.fixture
def client(place: Place) -> Client:
    return Client(place.url)


class Agent:
    """A thread that subscribes, and puts what it reads into a queue."""

    def __init__(self, client: Client, name: str, **options: Any) -> None:
        self.read: Queue[Any] = Queue()
        self.failure: BaseException | None = None
        self.connected, self.left = threading.Event(), threading.Event()
        self._events = client.subscribe(
            name, on_connect=self.connected.set, on_disconnect=lambda _: self.left.set(), stop=self._ends, **options
        )
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name)
        self._thread.start()

    def next(self) -> Any:
        return self.read.get(timeout=TIMEOUT_S)

    def join(self) -> None:
        self._thread.join(TIMEOUT_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            for event in self._events:
                self.read.put(event)
        except BaseException as error:  # looked at by the test
            self.failure = error

    def _ends(self) -> bool:
        return self._stopping

    def stop(self) -> None:
        """End at the next line that comes."""
        self._stopping = True


@contextmanager
def subscribed(place: Place, client: Client, name: str, **options: Any) -> Iterator[Agent]:
    agent = Agent(client, name, **options)
    assert agent.connected.wait(TIMEOUT_S)
    try:
        yield agent
    finally:
        agent.stop()
        if name in client.get_status().connected_agents:
            client.send_message(name, create_transcription("the line at which it notices"))
        agent.join()
        place.until(lambda: name not in place.hub.agents, f"{name} gone")


def test_the_published_example(place: Place) -> None:
    """With the port changed and nothing else."""
    code = SEED.replace("8770", str(place.port))
    heard: Queue[str] = Queue()

    class EnoughError(Exception):
        """The example runs for ever."""

    def process(text: str) -> str:
        heard.put(text)
        if text == "enough":
            raise EnoughError
        return text.upper()

    def run() -> None:
        with pytest.raises(EnoughError):
            exec(compile(code, "example", "exec"), {"process": process})

    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(run)
        place.say("what time is it")
        assert heard.get(timeout=TIMEOUT_S) == "what time is it"
        until(lambda: place.fake.calls[-1]["params"].get("input") == "WHAT TIME IS IT", TIMEOUT_S)
        place.until(lambda: place.hub.status().state == "listening", "listening again")
        place.say("enough")
        running.result(TIMEOUT_S)
    place.until(lambda: not place.hub.agents.connected)


def test_speaking(client: Client) -> None:
    told = client.speak("hello", language="en", voice="two", engine="fake:tts", speed=1.2)
    assert told.status == "ok" and isinstance(told.duration_ms, int) and told.duration_ms > 0
    assert client.stop_speech().status == "ok"


def test_a_request_made_by_hand(place: Place, client: Client) -> None:
    asked = create_speech_request("hello", voice="two")
    told = client._post("/speech", asked.to_dict())
    assert told["ref"] == str(asked.id)


def test_status(client: Client) -> None:
    status = client.get_status()
    assert status.openvip == "1.0" and status.stt.enabled and status.tts.enabled and status.connected_agents == []
    assert status.platform["output"]["current_agent"] is None
    assert client.is_available()
    assert not Client("http://127.0.0.1:9/openvip").is_available()


def test_commands(place: Place, client: Client) -> None:
    assert client.stop_listening().status == "ok" and not place.call(lambda: place.hub.ears.wanted)
    assert client.start_listening().status == "ok" and place.call(lambda: place.hub.ears.wanted)
    assert client.control("ping").status == "ok"
    with pytest.raises(urllib.error.HTTPError) as raised:
        client.control("nothing")
    assert raised.value.code == 400
    raised.value.close()
    before = place.ended
    assert client.shutdown().status == "ok"
    until(lambda: place.ended == before + 1)


def test_messages_between_agents(place: Place, client: Client) -> None:
    with subscribed(place, client, "one") as agent:
        sent = create_transcription("hello", language="en", confidence=0.5, partial=False, origin="test/1")
        answer = client.send_message("one", sent)
        assert answer.status == "ok" and str(answer.ref) == str(sent.id)
        read = agent.next()
        assert isinstance(read, Transcription)
        assert (read.id, read.text, read.language, read.confidence) == (sent.id, "hello", "en", 0.5)
        assert read.timestamp == sent.timestamp


def test_extensions_of_create_transcription(place: Place, client: Client) -> None:
    with subscribed(place, client, "one") as agent:
        client.send_message("one", create_transcription("go", x_input={"ops": ["submit"]}, x_other={"a": 1}))
        read = agent.next()
        assert read.x_input.ops == ["submit"] and read.to_dict()["x_other"] == {"a": 1}


def test_speech_for_an_agent(place: Place, client: Client) -> None:
    with subscribed(place, client, "one") as agent:
        client._post("/agents/one/messages", create_speech_request("say this").to_dict())
        read = agent.next()
        assert (read.type, read.text) == ("speech", "say this")


def test_what_is_said(place: Place, client: Client) -> None:
    with subscribed(place, client, "one") as agent:
        place.say("fix the bug ok send")
        read = agent.next()
        assert (read.text, read.language) == ("fix the bug", "en") and read.x_input.ops == ["submit"]
        assert read.x_input.trigger == "ok send" and read.trace_id == read.parent_id
        place.say("just words")
        read = agent.next()
        assert read.text == "just words" and read.x_input.ops == ["newline"] and read.trace_id is None


def test_the_same_id_twice(place: Place, client: Client) -> None:
    with subscribed(place, client, "one"):
        for reconnect in (False, True):
            with pytest.raises(DuplicateAgentError, match="already connected") as raised:
                next(iter(client.subscribe("one", reconnect=reconnect)))
            cause = raised.value.__cause__
            assert isinstance(cause, urllib.error.HTTPError) and cause.code == 409
            cause.close()


def test_nobody_there(client: Client) -> None:
    with pytest.raises(urllib.error.HTTPError) as raised:
        client.send_message("nobody", create_transcription("hello"))
    assert raised.value.code == 404
    raised.value.close()


def test_status_as_it_changes(place: Place, client: Client) -> None:
    told = client.subscribe_status()
    assert next(told).connected_agents == []
    with subscribed(place, client, "one"):
        assert any(status.connected_agents == ["one"] for status in told)
    assert any(status.connected_agents == [] for status in told)
    told.close()


def test_it_comes_back_by_itself(tmp_path: Path) -> None:
    """The server ends and another begins; whoever subscribed with `reconnect` reads on."""
    first, second = Place(tmp_path / "first"), Place(tmp_path / "second")
    with first.running():
        agent = Agent(Client(first.url), "one", reconnect=True, retry_delay=0.01, max_retry_delay=0.05)
        assert agent.connected.wait(TIMEOUT_S)
        agent.connected.clear()
    assert agent.left.wait(TIMEOUT_S)
    second.wanted_port = first.port
    with second.running():
        assert agent.connected.wait(TIMEOUT_S)
        second.post("/agents/one/messages", message("after"))
        assert agent.next().text == "after"
        agent.stop()
    agent.join()


def test_a_token(place: Place) -> None:
    """Which nobody asks for here; it does no harm."""
    assert Client(place.url, token="anything").get_status().openvip == "1.0"
