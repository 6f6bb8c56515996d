"""The language model, as doctor sees it."""

import socket
from typing import Any

import pytest

from tests.llm_server import LlmServer
from vox.config.llm import LlmSettings
from vox.daemon.doctor.check import Check
from vox.daemon.doctor.language import language_model

pytestmark = pytest.mark.anyio


async def check(bound_s: float = 5, **settings: Any) -> Check:
    (made,) = await language_model(LlmSettings.model_validate(settings), bound_s)
    assert made.name == "llm" and (made.status == "ok") is (made.remedy is None)
    return made


async def test_none_is_all_right() -> None:
    (made,) = await language_model(None, 1)
    assert made.status == "ok" and "none is configured" in made.detail
    assert "none is configured" in (await check()).detail


async def test_one_that_answers_and_knows_the_model() -> None:
    with LlmServer(models=("a/b", "llama3.2:latest")) as llm:
        for model in ("a/b", "a/b:nitro", "llama3.2", "llama3.2:latest"):
            made = await check(baseUrl=llm.base_url, model=model)
            assert made.status == "ok" and model in made.detail
        assert not llm.requests, "nothing is asked of the model itself"


async def test_a_model_it_does_not_know_is_told_with_the_nearest() -> None:
    with LlmServer(models=("llama3.2:latest", "qwen3:8b")) as llm:
        made = await check(baseUrl=llm.base_url, model="lama3.2")
        assert made.status == "warning" and "llama3.2:latest" in made.detail
        fetched = await check(preset="ollama", baseUrl=llm.base_url, model="gemma3")
        assert fetched.remedy is not None and fetched.remedy[1] == "ollama pull gemma3"
        assert (await check(preset="llama.cpp", baseUrl=llm.base_url)).status == "ok"


async def test_a_server_without_a_list_of_models() -> None:
    with LlmServer() as llm:
        made = await check(baseUrl=f"{llm.base_url}/somewhere", model="m")
    assert made.status == "ok" and "does not tell" in made.detail


async def test_nobody_there() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        made = await check(preset="ollama", baseUrl=f"http://127.0.0.1:{taken.getsockname()[1]}/v1", model="m")
    assert made.status == "warning" and "ollama serve" in made.detail


async def test_a_server_that_says_nothing_does_not_hold_doctor_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        made = await check(0.2, baseUrl=f"http://127.0.0.1:{silent.getsockname()[1]}/v1", model="m")
    assert made.status == "warning"


async def test_what_is_missing_or_refused_is_named() -> None:
    assert "llm.model" in (await check(preset="groq")).detail
    assert "NOT_SET_AT_ALL" in (await check(preset="groq", model="m", apiKey="${env:NOT_SET_AT_ALL}")).detail
    with LlmServer(key="right-key") as llm:
        assert "refuses the key" in (await check(baseUrl=llm.base_url, model="m", apiKey="wrong-key")).detail
        assert (await check(baseUrl=llm.base_url, model="test-model", apiKey="right-key")).status == "ok"
