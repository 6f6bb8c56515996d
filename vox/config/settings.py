"""`config.json` and the `VOX_*` environment: what is not about one provider. Environment beats file."""

import os
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError
from pydantic_core import ErrorDetails

from vox.config.described import Described
from vox.config.llm import LlmSettings
from vox.config.openai_names import OpenAiNames
from vox.config.openvip import DEFAULT_OPENVIP_PORT, OpenVipSettings
from vox.config.realtime import RealtimeSettings, realtime_variables_set

__all__ = ["DEFAULT_BRIDGE_PORT", "DEFAULT_PORT", "Settings", "read_settings", "variables_set"]

DEFAULT_PORT = 42137
"""The port unmodified Vox clients try when they find no discovery file."""

DEFAULT_BRIDGE_PORT = 43115
"""The port web pages made for Vox knock at."""


class Settings(Described, BaseModel):
    """Settings of the daemon."""

    schema_: str | None = Field(default=None, alias="$schema")
    host: str = "127.0.0.1"
    """Address to listen on. One beyond loopback is taken only together with `authToken`."""
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535)
    """TCP port; 0 takes any free one, and so does the default when another program has it. runtime.json tells which."""
    default_asr: str | None = None
    """Model used for speech recognition when a request names none."""
    default_tts: str | None = None
    """Model used for speech synthesis when a request names none."""
    default_voice: str | None = None
    """Voice used with `defaultTts` when a request names none."""
    warm_up: Literal["never", "on_first_use", "eager"] = "on_first_use"
    """When models are loaded that no entry names under `preload`: `on_first_use`, which a live session counts as, from
    its very begin; `eager`, the default recogniser with the daemon; `never` ahead of a call. Nothing is downloaded."""
    max_audio_bytes: int = Field(default=512 << 20, gt=0)
    """Largest audio file taken, in bytes."""
    max_audio_seconds: float = Field(default=24 * 3600.0, gt=0)
    """Longest audio taken, in seconds."""
    input_device: str | None = None
    """Microphone that is used while it is there, when a request names none; `vox devices` shows the names."""
    vad_model: str | None = None
    """Silero VAD's ONNX file, version 5 or 6: it finds speech in what is recorded live, in the place of earshot."""
    live_max_seconds: float = Field(default=600.0, gt=0, le=86_400)
    """Longest recording of a live session, in seconds; what was said until then is recognised."""
    allowed_origins: list[str] = []
    """Web pages (scheme://host:port) that may use the daemon; none by default."""
    allowed_hosts: list[str] = []
    """Names, beside this machine's own, by which requests may call the daemon: what a reverse proxy forwards."""
    auth_token: str | None = Field(default=None, min_length=1, repr=False)
    """Token that every request over TCP must carry, 16 characters or more; `${env:NAME}` or `${file:PATH}` names where
    it is kept. None asks for none."""
    auth_scopes: list[Literal["files", "admin"]] = []
    """What that token allows beyond speech: `files` may name files and install models, `admin` may do everything."""
    same_user_only: bool = True
    """Refuse connections of other users of this machine, where the system tells whose they are (Linux)."""
    alias_ports: bool = True
    """Listen on the ports besides `port` that clients of other programs expect, where they are free."""
    bridge_port: int = Field(default=DEFAULT_BRIDGE_PORT, ge=0, le=65535)
    """The alias port of the companion bridge, for web pages."""
    openvip_port: int = Field(default=DEFAULT_OPENVIP_PORT, ge=0, le=65535)
    """The alias port of OpenVIP, for agents."""
    allow_url_jobs: bool = False
    """Let jobs name an https address of the public internet, from which the daemon fetches the audio."""

    history: bool = False
    """Keep what was recognised and spoken, text included, in history.jsonl."""

    llm: LlmSettings | None = None
    """The language model that answers in a spoken conversation; without one, what is given to be said is spoken."""

    realtime: RealtimeSettings = RealtimeSettings()
    """Spoken conversations at `/v1/realtime`."""

    open_ai: OpenAiNames = OpenAiNames()
    """What the names that clients of OpenAI's audio API have built in mean here, beyond what they mean as they are."""

    open_vip: OpenVipSettings = OpenVipSettings()
    """Agents that are spoken to through the daemon's microphone, and speak through its loudspeaker."""

    model_catalog_url: str | None = Field(default=None, pattern="^(https|file)://")
    """Where `vox models catalog refresh` fetches a newer list of models from: https or file. Nothing is fetched at any
    other time, and nowhere unless this is set."""

    def with_environment(self, environment: Mapping[str, str] | None = None) -> "Settings":
        """These settings with the variables of `_VARIABLES` applied.

        Raises:
            pydantic.ValidationError: A variable holds what the setting cannot be.
        """
        source = os.environ if environment is None else environment
        given = {place: source[name] for name, place in _VARIABLES.items() if source.get(name)}
        if not given:
            return self
        fields = self.model_dump(exclude_unset=True)
        for place, value in given.items():
            _put(fields, place.split("."), value)
        return Settings.model_validate(fields)


def read_settings(fields: Mapping[str, Any]) -> tuple[Settings, list[ErrorDetails]]:
    """The settings that config.json's fields make, without those that cannot be, and what is wrong with these."""
    try:
        return Settings.model_validate(fields), []
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        wrong = {str(fault["loc"][0]) for fault in faults}
        return Settings.model_validate({name: value for name, value in fields.items() if name not in wrong}), faults


def variables_set(environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The settings that variables decide, by their names in Python with dots between, and the variable of each."""
    source = os.environ if environment is None else environment
    ours = {place: name for name, place in _VARIABLES.items() if source.get(name)}
    return ours | {f"realtime.{place}": name for place, name in realtime_variables_set(source).items()}


_VARIABLES = {
    "VOX_HOST": "host",
    "VOX_PORT": "port",
    "VOX_DEFAULT_ASR": "default_asr",
    "VOX_DEFAULT_TTS": "default_tts",
    "VOX_INPUT_DEVICE": "input_device",
    "VOX_ALIAS_PORTS": "alias_ports",
    "VOX_BRIDGE_PORT": "bridge_port",
    "VOX_OPENVIP_PORT": "openvip_port",
    "VOX_AUTH_TOKEN": "auth_token",
    "VOX_HISTORY": "history",
    "VOX_MODEL_CATALOG_URL": "model_catalog_url",
    "VOX_LLM_BASE_URL": "llm.base_url",
    "VOX_LLM_MODEL": "llm.model",
    "VOX_LLM_API_KEY": "llm.api_key",
}


def _put(fields: dict[str, Any], place: list[str], value: str) -> None:
    *groups, name = place
    for group in groups:
        fields[group] = fields.get(group) or {}
        fields = fields[group]
    fields[name] = value
