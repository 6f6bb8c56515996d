"""What there is to ask for by name, what there is not, and how pages and strangers are treated."""

import re

import httpx
import jsonschema
import pytest

from tests.doors.openai.conftest import Api
from vox.doors.openai.described.document import document
from vox.doors.openai.described.page import POLICY, page
from vox.doors.openai.described.shapes import SHAPES
from vox.testing import FakeProvider, running_daemon

PAGE = "https://listed.example"


def check(value: object, shape: str) -> None:
    """The value is as the document says."""
    jsonschema.validate(value, {"$ref": f"#/components/schemas/{shape}", "components": {"schemas": SHAPES}})


# ---- models and voices


def test_models(api: Api) -> None:
    told = api.ask("GET", "/v1/models").json()
    check(told, "ModelList")
    models = {model["id"]: model for model in told["data"]}
    assert models.keys() >= {"usual:asr", "usual:tts", "steps:asr", "whisper-1", "tts-1", "my-ear"}
    assert models["usual:asr"]["owned_by"] == "usual"
    assert models["usual:asr"]["task"] == "automatic-speech-recognition"
    assert models["usual:tts"]["task"] == "text-to-speech"
    assert [voice["id"] for voice in models["usual:tts"]["voices"]] == ["anna", "bert", "carl"]
    assert models["steps:tts"]["sample_rate"] == 24_000 and models["steps:asr"]["words"] is True
    assert models["my-ear"]["alias_of"] == "steps:asr" and models["tts-1"]["alias_of"] == "usual:tts"


@pytest.mark.parametrize(
    ("name", "alias"),
    [
        ("usual:asr", None),
        ("whisper-1", "usual:asr"),
        ("my-ear", "steps:asr"),
        ("gpt-4o-mini-tts-2025-12-15", "usual:tts"),
    ],
)
def test_one_model(api: Api, name: str, alias: str | None) -> None:
    told = api.ask("GET", f"/v1/models/{name}").json()
    check(told, "Model")
    assert told["id"] == name and told.get("alias_of") == alias


@pytest.mark.parametrize("name", ["nobody", "owner/nobody", "nobody-2025-12-15"])
def test_no_such_model(api: Api, name: str) -> None:
    answer = api.ask("GET", f"/v1/models/{name}")
    check(answer.json(), "Error")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert "whisper-1" in answer.json()["error"]["message"]


def test_voices(api: Api) -> None:
    told = api.ask("GET", "/v1/audio/voices").json()
    check(told, "VoiceList")
    assert {"anna", "bert", "carl"} <= {voice["id"] for voice in told["voices"]}
    for name in ("usual:tts", "tts-1"):
        one = api.ask("GET", "/v1/audio/voices", params={"model": name}).json()["voices"]
        assert [(voice["id"], voice["model"]) for voice in one] == [(v, "usual:tts") for v in ("anna", "bert", "carl")]
        assert [voice["default"] for voice in one] == [True, False, False]
    missing = api.ask("GET", "/v1/audio/voices", params={"model": "nobody"})
    assert (missing.status_code, missing.json()["error"]["param"]) == (404, "model")


def test_models_that_speak(api: Api) -> None:
    told = api.ask("GET", "/v1/audio/models").json()
    check(told, "SpeakingModels")
    assert {model["id"] for model in told["models"]} == {
        *("usual:tts", "steps:tts", "tts-1", "tts-1-hd", "gpt-4o-mini-tts")
    }


def test_answers_are_as_the_document_says(api: Api, clip: bytes) -> None:
    check(api.transcribe(clip).json(), "Transcription")
    check(api.transcribe(clip, response_format="verbose_json").json(), "TranscriptionVerbose")
    check(api.transcribe(clip, model="who:asr", response_format="diarized_json").json(), "TranscriptionDiarized")
    check(api.transcribe(clip, response_format="x").json(), "Error")


def test_secrets_are_as_the_document_says(api: Api) -> None:
    check(api.ask("POST", "/v1/realtime/client_secrets", json={}).json(), "ClientSecret")
    for name in ("sessions", "transcription_sessions"):
        check(api.ask("POST", f"/v1/realtime/{name}", json={}).json(), "BetaSession")


# ---- what there is not


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("POST", "/v1/embeddings", 404, "unknown_url"),
        ("GET", "/v1/nothing/at/all", 404, "unknown_url"),
        ("GET", "/v1/audio/speech", 405, "method_not_allowed"),
        ("DELETE", "/v1/models/whisper-1", 405, "method_not_allowed"),
    ],
)
def test_what_nobody_serves(api: Api, method: str, path: str, status: int, code: str) -> None:
    answer = api.ask(method, path)
    check(answer.json(), "Error")
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert path in answer.json()["error"]["message"] and answer.headers["x-request-id"]


def test_outside_of_v1_all_is_as_it_was(api: Api) -> None:
    answer = api.ask("GET", "/nowhere")
    assert (answer.status_code, answer.text) == (404, "Not Found")


# ---- pages and strangers


def test_a_page_and_its_client(api: Api) -> None:
    asked = "authorization,content-type,x-stainless-os,x-stainless-retry-count,x-evil"
    headers = {"origin": PAGE, "access-control-request-method": "POST", "access-control-request-headers": asked}
    answer = api.ask("OPTIONS", "/v1/audio/speech", headers=headers)
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert allowed == {"authorization", "content-type", "x-stainless-os", "x-stainless-retry-count"}
    told = api.ask("GET", "/v1/models", headers={"origin": PAGE})
    assert "x-request-id" in told.headers["access-control-expose-headers"]
    refused = api.ask("GET", "/v1/models", headers={"origin": "https://evil.example"})
    check(refused.json(), "Error")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "origin_refused")


def test_a_token_is_an_api_key(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("k")
    (folder / "fake").mkdir()
    with running_daemon(folder / "home", FakeProvider(folder / "fake"), authToken="sk-of-this-machine") as daemon:
        url = f"http://127.0.0.1:{daemon.call('health')['port']}/v1/models"
        for headers in ({}, {"authorization": "Bearer sk-of-another-one"}):
            refused = httpx.get(url, headers=headers)
            check(refused.json(), "Error")
            assert (refused.status_code, refused.json()["error"]["code"]) == (401, "invalid_api_key")
            assert refused.headers["www-authenticate"] == "Bearer"
        assert httpx.get(url, headers={"authorization": "Bearer sk-of-this-machine"}).status_code == 200


# ---- the document


def test_the_document(api: Api) -> None:
    told = api.ask("GET", "/openapi.json").json()
    assert told == document(api.url)
    served = {(path, method) for path, methods in told["paths"].items() for method in methods}
    for path, method in served:
        asked = api.ask(method, path.replace("{model}", "whisper-1"))
        assert asked.status_code != 404 and asked.status_code != 405, (path, method)
    references = set(re.findall(r"#/components/schemas/(\w+)", repr(told)))
    assert references <= told["components"]["schemas"].keys()
    for shape in SHAPES.values():
        jsonschema.Draft202012Validator.check_schema(shape)


def test_the_page_has_no_scripts_and_asks_nobody(api: Api) -> None:
    answer = api.ask("GET", "/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == POLICY and "default-src 'none'" in POLICY
    assert answer.text == page(api.url)
    assert not re.findall(r"<script|\son\w+=|javascript:|<img|<link", answer.text)
    targets = set(re.findall(r'href="([^"]+)"', answer.text))
    assert all(target == "/openapi.json" or f'id="{target[1:]}"' in answer.text for target in targets)
    assert page("http://<b>").count("<b>") == 0
