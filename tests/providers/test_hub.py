"""Installing from a hub that behaves as documented, and from one that does not."""

import json
import random
import resource
import shutil
import threading
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.providers.fake_hub import COMMIT, FakeHub, Handler, corrupted, stalled, status, truncated, whole
from vox.provider import Call, ProviderError
from vox_providers import _download, _hub
from vox_providers._download import Download
from vox_providers._hub import Hub, Patience, parse_listing

_REPO = "someone/model"
_BIG = random.Random(1).randbytes(300_000)
_SMALL = b'{"model_type": "x"}'


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub({_REPO: {"onnx/big.onnx": _BIG, "config.json": _SMALL}}) as running:
        yield running


@pytest.fixture
def call() -> Call:
    return Call("install", {"modelId": "m"})


def _install(
    hub: FakeHub, folder: Path, call: Call | None = None, limit_s: float = 5.0, token: str | None = None
) -> None:
    call = call or Call("install", {"modelId": "m"})
    patience = Patience(call, limit_s=limit_s, first_wait_s=0.01)
    remote = Hub(hub.address, token)
    Download(remote, remote.files(_REPO, patience), folder, call, patience).run()


def _parts(folder: Path) -> list[Path]:
    return list(folder.rglob("*.part"))


def _is_whole(folder: Path) -> bool:
    return (folder / "onnx/big.onnx").read_bytes() == _BIG and (folder / "config.json").read_bytes() == _SMALL


def test_everything_arrives_under_its_own_name(hub: FakeHub, tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []
    _install(hub, tmp_path, Call("install", {"modelId": "m"}, lambda method, params: heard.append(params)))
    assert _is_whole(tmp_path)
    assert _parts(tmp_path) == []
    total = len(_BIG) + len(_SMALL)
    assert heard[-1]["bytesTotal"] == total
    assert [note["bytesDone"] for note in heard] == sorted(note["bytesDone"] for note in heard)
    assert heard[-1]["progress"] == 1


def test_what_is_here_and_right_is_not_fetched_again(hub: FakeHub, tmp_path: Path) -> None:
    _install(hub, tmp_path)
    hub.requests.clear()
    (tmp_path / "config.json").write_bytes(b'{"model_type": "y"}')  # damaged, of the same size
    _install(hub, tmp_path)
    assert hub.fetched() == ["config.json"]
    assert _is_whole(tmp_path)


class TestInterruptions:
    def test_a_dropped_connection_is_continued(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.faults = [truncated(100_000), truncated(50_000)]
        _install(hub, tmp_path)
        assert hub.ranges() == ["", "bytes=100000-", "bytes=150000-"]
        assert _is_whole(tmp_path)

    def test_progress_starts_the_patience_anew(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.faults = [truncated(10_000) for _ in range(25)]
        _install(hub, tmp_path)
        assert _is_whole(tmp_path)

    def test_a_server_that_ignores_ranges_starts_over(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.faults = [truncated(100_000), whole]
        _install(hub, tmp_path)
        assert _is_whole(tmp_path)

    def test_a_refused_range_starts_over(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.faults = [truncated(100_000), status(416)]
        _install(hub, tmp_path)
        assert hub.ranges() == ["", "bytes=100000-", ""]
        assert _is_whole(tmp_path)

    def test_another_range_than_asked_for_starts_over(self, hub: FakeHub, tmp_path: Path) -> None:
        def shifted(handler: Handler, content: bytes) -> None:
            shown = f"bytes 1-{len(content) - 1}/{len(content)}"
            handler.reply(206, content[1:], {"Content-Range": shown})

        hub.faults = [truncated(100_000), shifted]
        _install(hub, tmp_path)
        assert _is_whole(tmp_path)

    def test_a_silent_server_is_left_and_asked_again(
        self, hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_hub, "_ANSWER_S", 0.2)
        end = threading.Event()
        hub.faults = [stalled(100_000, end)]
        _install(hub, tmp_path)
        end.set()
        assert hub.ranges() == ["", "bytes=100000-"]
        assert _is_whole(tmp_path)

    def test_a_server_that_stays_silent_is_given_up(
        self, hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_hub, "_ANSWER_S", 0.2)
        end = threading.Event()
        hub.faults = [stalled(100_000, end)]
        hub.forever = stalled(0, end)
        begun = time.monotonic()
        with pytest.raises(ProviderError, match="What has arrived is kept"):
            _install(hub, tmp_path, limit_s=0.5)
        assert time.monotonic() - begun < 5
        end.set()
        assert [part.stat().st_size for part in _parts(tmp_path)] == [100_000]

    def test_a_cancel_leaves_the_part_for_the_next_run(self, hub: FakeHub, tmp_path: Path) -> None:
        call = Call("install", {"modelId": "m"}, lambda method, params: call.cancel())
        hub.faults = [truncated(100_000)]
        with pytest.raises(ProviderError) as caught:
            _install(hub, tmp_path, call)
        assert caught.value.rpc_code == -32800
        have = _parts(tmp_path)[0].stat().st_size
        assert 0 < have <= 100_000
        _install(hub, tmp_path)
        assert hub.ranges()[-1] == f"bytes={have}-"
        assert _is_whole(tmp_path)

    def test_a_cancel_lets_go_of_a_silent_server(self, hub: FakeHub, tmp_path: Path) -> None:
        call = Call("install", {"modelId": "m"})
        end = threading.Event()

        def silent(handler: Handler, content: bytes) -> None:
            threading.Timer(0.2, call.cancel).start()
            stalled(100_000, end)(handler, content)

        hub.faults = [silent]
        begun = time.monotonic()
        with pytest.raises(ProviderError) as caught:
            _install(hub, tmp_path, call)
        end.set()
        assert caught.value.rpc_code == -32800
        assert time.monotonic() - begun < 3  # the server would be given 15

    def test_a_cancel_is_heard_while_waiting(self, hub: FakeHub, tmp_path: Path, call: Call) -> None:
        def busy(handler: Handler, content: bytes) -> None:
            call.cancel()
            handler.reply(503, b"", {"Retry-After": "4"})

        hub.forever = busy
        begun = time.monotonic()
        with pytest.raises(ProviderError) as caught:
            _install(hub, tmp_path, call)
        assert caught.value.rpc_code == -32800
        assert time.monotonic() - begun < 2

    def test_no_server_at_all_is_reported_soon(self, hub: FakeHub, tmp_path: Path, call: Call) -> None:
        hub.__exit__(None, None, None)
        try:
            with pytest.raises(ProviderError, match="cannot be reached"):
                _install(hub, tmp_path)
        finally:
            hub.__enter__()

    def test_a_part_of_another_version_is_not_continued(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.faults = [truncated(100_000)]
        hub.forever = status(500)
        with pytest.raises(ProviderError):
            _install(hub, tmp_path)
        hub.forever = None
        hub.repositories[_REPO]["onnx/big.onnx"] = _BIG[::-1]
        hub.requests.clear()
        _install(hub, tmp_path)
        assert hub.ranges() == [""]
        assert (tmp_path / "onnx/big.onnx").read_bytes() == _BIG[::-1]
        assert _parts(tmp_path) == []


class TestWrongContent:
    @pytest.mark.parametrize("path", ["onnx/big.onnx", "config.json"])
    def test_once_it_is_fetched_again(self, hub: FakeHub, tmp_path: Path, path: str) -> None:
        hub.repositories[_REPO] = {path: hub.repositories[_REPO][path]}
        hub.faults = [corrupted]
        _install(hub, tmp_path)
        assert (tmp_path / path).read_bytes() == hub.repositories[_REPO][path]

    def test_twice_nothing_is_installed(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.forever = corrupted
        with pytest.raises(ProviderError, match="does not match the checksum"):
            _install(hub, tmp_path)
        assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [".install.lock"]

    def test_another_size_than_listed_is_not_taken(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.forever = lambda handler, content: handler.reply(200, b"<html>please log in</html>")
        with pytest.raises(ProviderError, match="26 bytes where the hub lists 300000"):
            _install(hub, tmp_path)

    def test_more_than_listed_is_cut_and_checked(self, hub: FakeHub, tmp_path: Path) -> None:
        def endless(handler: Handler, content: bytes) -> None:
            handler.send_response(200)
            handler.end_headers()
            handler.wfile.write(content + b"more")

        hub.faults = [endless]
        _install(hub, tmp_path)
        assert _is_whole(tmp_path)

    def test_an_answer_without_content_is_asked_again(self, hub: FakeHub, tmp_path: Path) -> None:
        def empty(handler: Handler, content: bytes) -> None:
            handler.reply(206, b"", {"Content-Range": f"bytes 100000-{len(content) - 1}/{len(content)}"})

        hub.faults = [truncated(100_000), empty]
        _install(hub, tmp_path)
        assert _is_whole(tmp_path)

    def test_an_empty_file_is_made(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.repositories[_REPO]["nothing.txt"] = b""
        _install(hub, tmp_path)
        assert (tmp_path / "nothing.txt").read_bytes() == b""

    def test_without_a_digest_the_size_must_do(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.digests = False
        hub.faults = [truncated(100_000)]
        _install(hub, tmp_path)
        assert _is_whole(tmp_path)
        assert hub.ranges() == ["", "bytes=100000-"]


class TestRefusals:
    @pytest.mark.parametrize(
        ("code", "name"), [(401, "unauthorized"), (403, "unauthorized"), (404, "model_not_found"), (451, None)]
    )
    def test_a_status_that_will_not_change(self, hub: FakeHub, tmp_path: Path, code: int, name: str | None) -> None:
        for place in ("listing", "forever"):
            hub.listing = hub.forever = None
            hub.requests.clear()
            setattr(hub, place, status(code))
            with pytest.raises(ProviderError, match=str(code)) as caught:
                _install(hub, tmp_path)
            assert caught.value.code == name
            assert len(hub.requests) <= 3

    @pytest.mark.parametrize("code", [408, 429, 500, 502, 503, 504])
    def test_a_status_that_may_pass(self, hub: FakeHub, tmp_path: Path, code: int) -> None:
        hub.faults = [status(code, retry_after="0"), status(code)]
        _install(hub, tmp_path)
        assert _is_whole(tmp_path)

    def test_the_wish_to_wait_is_respected(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.faults = [status(429, retry_after="1")]
        begun = time.monotonic()
        _install(hub, tmp_path)
        assert 1 <= time.monotonic() - begun < 4

    def test_a_wish_beyond_all_patience_is_passed_on(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.forever = status(429, retry_after="3600")
        with pytest.raises(ProviderError) as caught:
            _install(hub, tmp_path)
        assert (caught.value.code, caught.value.data) == ("rate_limited", {"retryAfterMs": 3_600_000})

    def test_a_listing_that_is_a_login_page(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.listing = lambda handler, content: handler.reply(200, b"<html>please log in</html>")
        with pytest.raises(ProviderError, match="did not answer with a list of the files"):
            _install(hub, tmp_path)

    def test_no_room_is_said_before_anything_is_fetched(
        self, hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(1, 1, _download._SPARE + 1000))
        with pytest.raises(ProviderError, match="There is no room"):
            _install(hub, tmp_path)
        assert hub.fetched() == []

    def test_a_folder_that_cannot_be_written(self, hub: FakeHub, tmp_path: Path) -> None:
        (tmp_path / "onnx").write_text("a file where a folder should be", encoding="utf-8")
        with pytest.raises(ProviderError, match="onnx"):
            _install(hub, tmp_path)

    def test_a_disk_that_takes_no_more(self, hub: FakeHub, tmp_path: Path) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        try:
            with pytest.raises(ProviderError, match="cannot be written"):
                _install(hub, tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        _install(hub, tmp_path)
        assert hub.ranges()[-1] == "bytes=100000-"
        assert _is_whole(tmp_path)

    def test_one_install_at_a_time(self, hub: FakeHub, tmp_path: Path) -> None:
        refused: list[ProviderError] = []

        def meanwhile(handler: Handler, content: bytes) -> None:
            hub.faults.clear()
            with pytest.raises(ProviderError) as caught:
                _install(hub, tmp_path)
            refused.append(caught.value)
            handler.ranged(content)

        hub.faults = [meanwhile]
        _install(hub, tmp_path)
        assert [error.code for error in refused] == ["provider_busy"]
        assert _is_whole(tmp_path)


class TestRedirectsAndProxies:
    def test_the_token_stays_with_the_hub(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.token = "a-token"
        _install(hub, tmp_path, token="a-token")
        sent = {path: headers.get("Authorization") for path, headers in hub.requests}
        assert all(value is None for path, value in sent.items() if path.startswith("/storage/"))
        assert all(value == "Bearer a-token" for path, value in sent.items() if not path.startswith("/storage/"))

    def test_the_token_follows_a_redirect_on_the_same_host(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.token = "a-token"
        hub.storage = hub.address
        _install(hub, tmp_path, token="a-token")
        assert all(headers.get("Authorization") for _, headers in hub.requests)

    def test_no_way_from_the_network_to_a_local_file(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.storage = "file://" + str(tmp_path)
        with pytest.raises(ProviderError, match="302"):
            _install(hub, tmp_path)

    def test_no_way_from_encrypted_to_plain(self) -> None:
        start = Request("https://hub.example/x")
        with pytest.raises(_hub.HTTPError, match="without encryption"):
            _hub._Redirects().redirect_request(start, None, 302, "Found", {}, "http://storage.example/x")

    def test_a_circle_ends(self, hub: FakeHub, tmp_path: Path) -> None:
        hub.forever = lambda handler, content: handler.reply(302, b"", {"Location": handler.path})
        with pytest.raises(ProviderError, match="302"):
            _install(hub, tmp_path)

    def test_a_proxy_is_used(self, hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", hub.address)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        call = Call("install", {})
        files = Hub("http://hub.invalid").files(_REPO, Patience(call))
        assert [file.path for file in files] == ["onnx/big.onnx", "config.json"]
        assert hub.requests[0][1]["Host"] == "hub.invalid"

    @pytest.mark.parametrize("address", ["huggingface.co", "file:///tmp", "http://", ""])
    def test_an_address_that_is_none_is_said(self, address: str) -> None:
        with pytest.raises(ProviderError, match="HF_ENDPOINT"):
            Hub(address)


class TestListing:
    @pytest.mark.parametrize("path", ["../evil", "/etc/passwd", "a/../../b", "C:\\x", "a//b", "", ".", "x\0y"])
    def test_a_name_that_leaves_the_folder_is_refused(self, path: str) -> None:
        body = json.dumps({"sha": COMMIT, "siblings": [{"rfilename": path, "size": 1}]}).encode()
        with pytest.raises(ProviderError, match="unusable file"):
            parse_listing("http://h", _REPO, body)

    @given(st.binary(max_size=200))
    def test_any_bytes_are_a_listing_or_an_error(self, body: bytes) -> None:
        with pytest.raises(ProviderError):
            parse_listing("http://h", _REPO, body)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["rfilename", "size", "lfs", "x"]), inner),
            max_leaves=8,
        )
    )
    def test_any_json_in_its_place_is_a_listing_or_an_error(self, siblings: Any) -> None:
        body = json.dumps({"sha": COMMIT, "siblings": siblings}).encode()
        try:
            files = parse_listing("http://h", _REPO, body)
        except ProviderError:
            return
        assert all(file.size >= 0 and file.path and ".." not in file.path.split("/") for file in files)
