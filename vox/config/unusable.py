"""What may stand in config.json by its type, and is refused or passed over by the daemon all the same."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeAlias

from vox.config.llm import LlmSettings, check_header
from vox.config.origins import check_origin
from vox.config.reach import check_host, check_token
from vox.config.references import refers
from vox.config.settings import Settings
from vox.errors import VoxError

__all__ = ["unusable"]

_Place: TypeAlias = tuple[str | int, ...]


def unusable(settings: Settings, environment: Mapping[str, str] | None = None) -> Iterator[tuple[_Place, str]]:
    """Each such place, and what is wrong there, in the daemon's words. What is kept elsewhere, `${env:…}` or
    `${file:…}`, is not looked up: it may be there later, and for the daemon alone.

    Args:
        settings: As they are in config.json.
        environment: The variables, which may hold a token.
    """
    source = os.environ if environment is None else environment
    for place, check in _checks(settings, bool(settings.auth_token or source.get("VOX_AUTH_TOKEN"))):
        try:
            check()
        except VoxError as error:
            yield place, error.message


def _checks(settings: Settings, guarded: bool) -> Iterator[tuple[_Place, Callable[[], object]]]:
    yield ("host",), partial(check_host, settings.host, guarded=guarded)
    if settings.auth_token is not None:
        yield ("authToken",), partial(_check_token, settings.auth_token)
    for index, origin in enumerate(settings.allowed_origins):
        yield ("allowedOrigins", index), partial(check_origin, origin)
    llm = settings.llm or LlmSettings()
    if llm.api_key is not None:
        yield ("llm", "apiKey"), partial(_check_header, "apiKey", "", llm.api_key.strip())
    for name, value in llm.headers.items():
        yield ("llm", "headers", name), partial(_check_header, f"headers.{name!r}", name, value)


def _check_token(written: str) -> None:
    if not refers("authToken", written):
        check_token(written.strip())


def _check_header(setting: str, name: str, written: str) -> None:
    check_header(setting, name, "" if refers(f"llm.{setting}", written) else written)
