"""Lists of models, however servers write them."""

import socket

import pytest

from tests.llm_server import LlmServer
from vox import errors
from vox.config.llm import LlmSettings
from vox.llm import listing
from vox.llm.listing import list_models
from vox.llm.presets import Server, resolve

pytestmark = pytest.mark.anyio


def at(llm: LlmServer, path: str = "", **settings: str) -> Server:
    return resolve(LlmSettings.model_validate({"baseUrl": llm.base_url + path, "model": "m", **settings}))


async def test_the_names_in_the_servers_order() -> None:
    with LlmServer(models=("b", "a")) as llm:
        assert await list_models(at(llm), 5) == ("b", "a")
        assert await list_models(at(llm, "/chat/completions"), 5) == ("b", "a")


async def test_a_server_without_a_list() -> None:
    with LlmServer() as llm:
        assert await list_models(at(llm, "/elsewhere"), 5) is None


async def test_a_wrong_key() -> None:
    with LlmServer(key="right") as llm, pytest.raises(errors.ProviderUnauthorized):
        await list_models(at(llm, apiKey="wrong"), 5)


async def test_a_server_that_says_nothing() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        server = resolve(LlmSettings(base_url=f"http://127.0.0.1:{silent.getsockname()[1]}/v1", model="m"))
        with pytest.raises(errors.LlmTimeout, match="too long to list its models"):
            await list_models(server, 0.3)


async def test_an_endless_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_MOST_BYTES", 100)
    with LlmServer(models=("m",) * 100) as llm:
        assert await list_models(at(llm), 5) is None


@pytest.mark.parametrize(
    ("body", "names"),
    [
        (b'{"data":[{"id":"a"},{"name":"b"},7]}', ("a",)),
        (b'[{"id":"a"}]', ("a",)),
        (b'{"data":[]}', ()),
        (b'{"data":7}', None),
        (b'{"models":[]}', None),
        (b"7", None),
        (b"<html>", None),
        (b"", None),
    ],
)
async def test_bodies_of_every_shape(
    body: bytes, names: tuple[str, ...] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.llm_server.list_body", lambda _: body)
    with LlmServer() as llm:
        assert await list_models(at(llm), 5) == names
