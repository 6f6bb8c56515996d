"""What is sent and what comes back, as JSON Schemas."""

from typing import Any

from vox.audio.formats import STREAM_FORMATS
from vox.doors.openai.speech_request import SPEEDS
from vox.doors.openai.transcript_request import FORMATS, TRANSLATED

__all__ = ["SHAPES", "Schema", "ref"]

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    """A shape of `SHAPES`, by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def _text(told: str, **more: Any) -> Schema:
    return {"type": "string", "description": told, **more}


def _number(told: str, **more: Any) -> Schema:
    return {"type": "number", "description": told, **more}


def _list(items: Schema, told: str) -> Schema:
    return {"type": "array", "items": items, "description": told}


def _record(required: str, **properties: Schema) -> Schema:
    return {"type": "object", "required": required.split(), "properties": properties}


_MODEL = _text("Id of a model, or a name that stands for one; none is the default.")
_FILE = _text("The recording: wav, mp3, flac, ogg, and with the extra av m4a, mp4, webm.", format="binary")
_PROMPT = _text("Text that comes before, or words that are likely.")
_TEMPERATURE = _number("Passed on to engines that have one.", minimum=0, maximum=1)
_WORD = _record("word start end", word=_text("The word."), start=_number("Seconds."), end=_number("Seconds."))
_USAGE = _record(
    "type seconds", type=_text("What is counted.", enum=["duration"]), seconds=_number("Seconds of audio.")
)

SHAPES: dict[str, Schema] = {
    "Error": _record(
        "error",
        error=_record(
            "message type param code",
            message=_text("What went wrong, and what to do."),
            type=_text("The group of errors it is of."),
            param={"type": ["string", "null"], "description": "The field at fault."},
            code={"type": ["string", "null"], "description": "Which error it is; see the table of errors."},
        ),
    ),
    "TranscriptionForm": _record(
        "file",
        file=_FILE,
        model=_MODEL,
        language=_text("Code or name of the language that is spoken; none has the engine find out."),
        prompt=_PROMPT,
        temperature=_TEMPERATURE,
        response_format=_text("How the transcript is written.", enum=list(FORMATS), default="json"),
        **{
            "timestamp_granularities[]": _list(
                {"type": "string", "enum": ["word", "segment"]}, "With verbose_json: what shall have times."
            ),
            "keywords[]": _list({"type": "string"}, "Words to listen for."),
        },
        stream={"type": "boolean", "description": "Answer with events; for json and text.", "default": False},
    ),
    "TranslationForm": _record(
        "file",
        file=_FILE,
        model=_MODEL,
        prompt=_PROMPT,
        temperature=_TEMPERATURE,
        response_format=_text("How the text is written.", enum=list(TRANSLATED), default="json"),
    ),
    "SpeechRequest": _record(
        "input",
        input=_text("The text to speak.", minLength=1),
        model=_MODEL,
        voice={
            "anyOf": [{"type": "string"}, _record("id", id=_text("Id of the voice."))],
            "description": "A voice of the model, or a name that stands for one; none is the model's own choice.",
        },
        response_format=_text("What the audio is.", enum=list(STREAM_FORMATS), default="mp3"),
        speed=_number("1 is normal.", minimum=SPEEDS[0], maximum=SPEEDS[1], default=1),
        instructions=_text("How to speak, for models that can be told."),
        language=_text("Language of the text, for models with several. OpenAI has no such field."),
        stream_format=_text("The audio itself, or events with pieces of it.", enum=["audio", "sse"], default="audio"),
    ),
    "Transcription": _record("text usage", text=_text("What was said."), usage=_USAGE),
    "TranscriptionVerbose": _record(
        "task language duration text usage",
        task=_text("What was done.", enum=["transcribe", "translate"]),
        language=_text("Name of the language; empty when nobody knows."),
        duration=_number("Seconds of audio."),
        text=_text("What was said."),
        segments=_list(ref("Segment"), "Timed pieces; left out when only words are asked for."),
        words=_list(_WORD, "Timed words; only when asked for."),
        usage=_USAGE,
    ),
    "TranscriptionDiarized": _record(
        "task duration text segments usage",
        task=_text("What was done.", enum=["transcribe"]),
        duration=_number("Seconds of audio."),
        text=_text("What was said."),
        segments=_list(
            _record(
                "id type speaker start end text",
                id=_text("Number of the turn."),
                type=_text("Always the same.", enum=["transcript.text.segment"]),
                speaker=_text("Who speaks."),
                start=_number("Seconds."),
                end=_number("Seconds."),
                text=_text("What is said in it."),
            ),
            "Turns.",
        ),
        usage=_USAGE,
    ),
    "Segment": _record(
        "id seek start end text tokens temperature avg_logprob compression_ratio no_speech_prob",
        id={"type": "integer", "description": "From 0."},
        seek={"type": "integer", "description": "Always 0."},
        start=_number("Seconds."),
        end=_number("Seconds."),
        text=_text("What is said in it."),
        tokens=_list({"type": "integer"}, "Always empty."),
        temperature=_number("The one that was asked for."),
        avg_logprob=_number("From the confidence of the words, where the engine tells it; else 0."),
        compression_ratio=_number("Of the text, by zlib: high where a recogniser repeats itself."),
        no_speech_prob=_number("Always 0."),
    ),
    "Model": _record(
        "id object created owned_by task",
        id=_text("What to ask for."),
        object=_text("Always the same.", enum=["model"]),
        created={"type": "integer", "description": "When the daemon began, in seconds since 1970."},
        owned_by=_text("The provider that runs it."),
        name=_text("What it is called."),
        task=_text("What it does.", enum=["automatic-speech-recognition", "text-to-speech"]),
        language=_list({"type": "string"}, "Languages, as BCP 47; empty when it does not say."),
        features=_list({"type": "string"}, "What it declares beyond the common."),
        words={"type": "boolean", "description": "Whether a recogniser tells times of words."},
        sample_rate={"type": "integer", "description": "Hz."},
        voices=_list(ref("Voice"), "Of a model that speaks."),
        alias_of=_text("The model that this name stands for."),
    ),
    "ModelList": _record(
        "object data", object=_text("Always the same.", enum=["list"]), data=_list(ref("Model"), "The models.")
    ),
    "SpeakingModels": _record("models", models=_list(ref("Model"), "Those that speak.")),
    "Voice": _record(
        "id name object model default",
        id=_text("What to ask for."),
        name=_text("What it is called."),
        object=_text("Always the same.", enum=["voice"]),
        model=_text("Whose it is."),
        language={"type": ["string", "null"], "description": "BCP 47."},
        default={"type": "boolean", "description": "Whether it is the model's own choice."},
    ),
    "VoiceList": _record("voices", voices=_list(ref("Voice"), "The voices.")),
    "ClientSecretRequest": {
        "type": "object",
        "required": [],
        "properties": {
            "session": {"type": "object", "description": "What sessions opened with the secret begin with."},
            "expires_after": _record(
                "seconds",
                anchor=_text("Always the same.", enum=["created_at"]),
                seconds={"type": "integer", "description": "How long it opens sessions.", "minimum": 10},
            ),
        },
    },
    "ClientSecret": _record(
        "value expires_at session",
        value=_text("The secret; it begins with ek_."),
        expires_at={"type": "integer", "description": "Until when it opens sessions, in seconds since 1970."},
        session={"type": "object", "description": "What such sessions begin with."},
    ),
    "BetaSession": {
        "type": "object",
        "required": ["client_secret"],
        "properties": {
            "client_secret": _record(
                "value expires_at",
                value=_text("The secret; it begins with ek_."),
                expires_at={"type": "integer", "description": "As above."},
            )
        },
        "description": "The session in its earlier, flat form.",
    },
}
