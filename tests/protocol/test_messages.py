"""The schemas of the messages: in step with the code, true of what was published, and of what programs really say."""

import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from vox.protocol import messages, provider
from vox.provider.conformance import sound
from vox.provider.conformance.child import Child
from vox.provider.conformance.session import Disorder, Session
from vox.runtime.requests import SynthesizeRequest, TranscribeRequest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "vox" / "protocol" / "schemas"
# The messages of the two published pages, in which only "<base64 wav data>" has become some base64.
PUBLISHED = [
    json.loads(line)
    for line in Path(__file__).with_name("published_messages.jsonl").read_text(encoding="utf-8").splitlines()
]


def validate(name: str, message: Any) -> None:
    schema = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(message)


def test_the_files_are_what_the_shapes_say() -> None:
    made = messages.schemas()
    assert {path.name for path in FOLDER.iterdir()} == set(made)
    for name, schema in made.items():
        assert json.loads((FOLDER / name).read_text(encoding="utf-8")) == schema, "run scripts/generate-docs"
        jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("example", PUBLISHED, ids=lambda example: f"{example['page']}: {example['schema']}")
def test_what_was_published_is_valid(example: dict[str, Any]) -> None:
    validate(example["schema"], example["message"])


def test_every_method_was_published_in_full() -> None:
    seen = {example["schema"] for example in PUBLISHED}
    methods = ("models", "transcribe", "voices", "synthesize")
    assert {f"{method}.{part}" for method in methods for part in ("request", "answer")} <= seen
    assert {"progress.notification", "notification.notification", "install.request", "preload.request"} <= seen


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("models.answer", {"id": 1, "result": {"models": [{"name": "no id"}]}}),
        ("models.answer", {"id": 1, "result": {"models": [{"id": "a", "installed": "yes"}]}}),
        ("models.answer", {"id": 1, "result": {"models": [], "maxConcurrency": 0}}),
        ("models.request", {"id": 0, "method": "models"}),
        ("transcribe.request", {"id": 1, "method": "transcribe", "params": {"modelId": "a"}}),
        ("transcribe.answer", {"id": 1, "result": {"text": None, "metrics": {"inferenceMs": 1, "totalMs": 1}}}),
        ("transcribe.answer", {"id": 1, "result": {"text": "", "metrics": {"totalMs": 1}}}),
        ("transcribe.answer", {"id": 1, "result": {"text": "", "metrics": {"inferenceMs": -1, "totalMs": 1}}}),
        ("transcribe.answer", {"id": 1, "result": {"text": "", "metrics": {"inferenceMs": 1, "totalMs": 1, "x": "1"}}}),
        ("synthesize.answer", {"id": 1, "result": {"audioBase64": "no base64!", "metrics": {"totalMs": 1}}}),
        ("voices.answer", {"id": 1, "result": [{"id": "a"}]}),
        ("progress.notification", {"method": "progress", "params": {"modelId": "a", "progress": 50}}),
        ("cancel.notification", {"id": 1, "method": "cancel", "params": {"id": 1}}),
        ("error.answer", {"id": 1, "error": {"code": "busy", "message": "later"}}),
        ("error.answer", {"id": 1, "error": None}),
    ],
)
def test_what_breaks_the_protocol_is_not_valid(name: str, message: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validate(name, {"jsonrpc": "2.0", **message})


def test_what_vox_sends_is_valid() -> None:
    heard = TranscribeRequest(b"", "m", "en", "p", ("h",), True, 0.5, "translate").params("m", Path("a.wav"))
    said = SynthesizeRequest("text", "m", "v", "mp3", 1.5, "softly", "en").params("m", "text", "v")
    for method, params in (("transcribe", heard), ("synthesize", said)):
        validate(f"{method}.request", {"jsonrpc": "2.0", "id": 1, "method": method, "params": params})


def test_what_a_provider_of_the_kit_says_is_valid(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(sound.speech())
    asr = {"modelId": "tone:asr", "path": str(tmp_path / "a.wav"), "words": True, "partials": True}
    tts = {"modelId": "tone:tts", "input": "hello there", "format": "wav", "stream": True}
    params = {"models": {}, "voices": {}, "install": asr, "preload": tts, "transcribe": asr, "synthesize": tts}
    child = Child([sys.executable, "-P", "-m", "vox_providers.tone"], {}, tmp_path)
    session = Session(child, Disorder())
    try:
        for method, wanted in params.items():
            answer = session.call(method, wanted, 20)
            validate(f"{method}.answer", {"jsonrpc": "2.0", "id": answer.id, "result": answer.result})
        refused = session.call("transcribe", {**asr, "modelId": "none"}, 20)
        validate("error.answer", {"jsonrpc": "2.0", "id": refused.id, "error": refused.error})
    finally:
        child.end()
    assert {notice.method for notice in session.notices} == {"audio", "partial"}
    for notice in session.notices:
        validate(f"{notice.method}.notification", {"jsonrpc": "2.0", "method": notice.method, "params": notice.params})


@pytest.mark.parametrize(
    ("read", "told"),
    [
        (provider.ModelShape, messages.ModelInfo),
        (provider.ModelsResult, messages.ModelsResult),
        (provider.TranscribeResult, messages.TranscribeResult),
        (provider.WordShape, messages.Word),
        (provider.SegmentShape, messages.Segment),
        (provider.VoiceShape, messages.Voice),
        (provider.VoicesResult, messages.VoicesResult),
        (provider.SynthesizeResult, messages.SynthesizeResult),
        (provider.ProgressNotice, messages.Progress),
    ],
)
def test_what_vox_reads_is_what_the_schemas_tell(read: type[BaseModel], told: type[BaseModel]) -> None:
    """A member that Vox reads has to be in the schema, with the same default where it may be absent."""
    inner = {"audio", "dropped_words"}  # decoded from audioBase64; counted while reading
    assert set(read.model_fields) - inner <= set(told.model_fields)
    for name in set(read.model_fields) - inner:
        ours, theirs = read.model_fields[name], told.model_fields[name]
        assert ours.alias == theirs.alias
        assert not ours.is_required() or theirs.is_required(), name


def test_metrics_are_those_of_the_contract() -> None:
    from vox.protocol.metrics import RECOMMENDED, REQUIRED

    for kind, shape in {"asr": messages.RecognitionMetrics, "tts": messages.SpeechMetrics}.items():
        fields = {field.alias: field for field in shape.model_fields.values()}
        assert {name for name, field in fields.items() if field.is_required()} == set(REQUIRED[kind])
        assert set(RECOMMENDED[kind]) <= set(fields)
