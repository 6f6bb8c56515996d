"""The catalogue of models: what can be used with Vox, whether it is installed here or not.

A list ships with Vox. A newer one is fetched only when a client asks for it, and only from the address that the user
has configured; nothing in it is ever run. What was fetched is kept, and used until a newer Vox brings a newer list.
"""

import os
import urllib.error
import urllib.request
from importlib.resources import files
from pathlib import Path
from typing import IO, Any, Literal
from urllib.parse import urlsplit

import anyio
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from vox.errors import CatalogUnavailable, Unsupported
from vox.log import get_logger

__all__ = ["Catalog", "CatalogList", "CatalogModel"]

FETCH_S = 8.0
"""Seconds for everything a refresh does."""

MAX_BYTES = 1 << 20
"""Of a catalogue; the shipped one has some kilobytes."""

_BLOCK = 64 << 10
_log = get_logger()


class _Shape(BaseModel):
    """Unknown keys are left out: a later version may have more."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class CatalogModel(_Shape):
    """One model."""

    id: str = Field(min_length=1, max_length=200)
    kind: Literal["asr", "tts"]
    family: str = Field(default="", max_length=100)
    name: str = Field(default="", max_length=200)
    vendor: str = Field(default="", max_length=100)
    runtime: str = Field(default="", max_length=100)
    provider: str | None = Field(default=None, max_length=100)
    status: str = Field(default="ready", max_length=50)
    default: bool = False
    languages: str | None = Field(default=None, max_length=500)
    licence: str | None = Field(default=None, max_length=100)
    size_bytes: int | None = Field(default=None, ge=0)
    notes: str | None = Field(default=None, max_length=2000)
    requires: list[str] = Field(default=[], max_length=50)
    platforms: list[str] = Field(default=[], max_length=50)
    architectures: list[str] = Field(default=[], max_length=50)
    capabilities: dict[str, bool] = Field(default={}, max_length=50)
    plugin: str | None = Field(default=None, max_length=100)
    source: dict[str, str] | None = None


class CatalogList(_Shape):
    """A whole catalogue."""

    version: int = Field(ge=1)
    updated_at: str = Field(max_length=40)
    models: list[CatalogModel] = Field(max_length=2000)
    plugins: list[dict[str, Any]] = Field(default=[], max_length=500)


class Catalog:
    """The catalogue of one home.

    Args:
        path: Where a fetched one is kept.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> CatalogList:
        """The fetched catalogue, or the shipped one where that is newer or the only one."""
        shipped = _parsed(files("vox.runtime").joinpath("models-catalog.json").read_bytes())
        fetched = self._fetched()
        return fetched if fetched is not None and _age(fetched) >= _age(shipped) else shipped

    async def refresh(self, url: str | None) -> CatalogList:
        """Fetch the catalogue from there, and keep it.

        Args:
            url: https or file; None when the user has configured none.

        Raises:
            Unsupported: There is no address.
            CatalogUnavailable: Nothing useful came within `FETCH_S`.
        """
        if url is None:
            raise Unsupported(
                "No address of a catalogue is configured, so there is nothing to refresh from; the list that came with"
                " Vox is in use. Set modelCatalogUrl in config.json, or VOX_MODEL_CATALOG_URL, to an https or file"
                " address."
            )
        try:
            with anyio.fail_after(FETCH_S):
                data = await anyio.to_thread.run_sync(_fetch, url, abandon_on_cancel=True)
        except TimeoutError as error:
            raise CatalogUnavailable(f"{_shown(url)} did not answer within {FETCH_S:g} s.") from error
        except (OSError, ValueError) as error:
            raise CatalogUnavailable(f"{_shown(url)} cannot be fetched: {error}.") from error
        try:
            catalog = _parsed(data)
        except ValidationError as error:
            raise CatalogUnavailable(f"{_shown(url)} is no catalogue of models: {_first(error)}.") from error
        await anyio.to_thread.run_sync(self._keep, data)
        return catalog

    def _fetched(self) -> CatalogList | None:
        try:
            return _parsed(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            _log.warning("catalog.unreadable", path=self._path, error=str(error))
            return None

    def _keep(self, data: bytes) -> None:
        """A disk that does not take it costs the next start a list, not this call."""
        fresh = self._path.with_name(f".{self._path.name}.new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(data)
            fresh.replace(self._path)
        except OSError as error:
            _log.warning("catalog.not_kept", path=self._path, error=str(error))


def _parsed(data: bytes) -> CatalogList:
    """Raises: ValidationError."""
    return CatalogList.model_validate_json(data)


def _age(catalog: CatalogList) -> tuple[int, str]:
    return catalog.version, catalog.updated_at


class _StayHttps(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but to https alone."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != "https":
            fp.close()
            raise ValueError("it redirects to an address that is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _fetch(url: str) -> bytes:
    """Raises: OSError, ValueError."""
    parts = urlsplit(url)
    if parts.scheme == "file":
        with open(urllib.request.url2pathname(parts.path), "rb") as file:
            return _bounded(file)
    if parts.scheme != "https":
        raise ValueError("only https and file addresses are fetched")
    opener = urllib.request.build_opener(_StayHttps)
    request = urllib.request.Request(url, headers={"Accept": "application/json"})
    try:
        with opener.open(request, timeout=FETCH_S) as answer:
            return _bounded(answer)
    except urllib.error.HTTPError as error:
        error.close()
        raise ValueError(f"the answer is HTTP {error.code}") from error


def _bounded(file: Any) -> bytes:
    data = bytearray()
    while block := file.read(_BLOCK):
        data += block
        if len(data) > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES} bytes")
    return bytes(data)


def _shown(url: str) -> str:
    """The address without what may be secret in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _first(error: ValidationError) -> str:
    told = error.errors(include_url=False, include_input=False)[0]
    return ".".join(map(str, told["loc"])) + f": {told['msg']}"
