"""The routes of OpenAI's audio API."""

from pathlib import Path

from starlette.routing import Route

from vox.doors.openai.answers import Endpoint, answering
from vox.doors.openai.listing import Listing
from vox.doors.openai.names import Names
from vox.doors.openai.pages import docs_page, openapi_json
from vox.doors.openai.speaking import Speaking
from vox.doors.openai.transcribing import Transcribing
from vox.runtime.runtime import Runtime

__all__ = ["OpenAi"]


class OpenAi:
    """The API over one runtime.

    Args:
        spool: Where uploads lie.
    """

    def __init__(self, runtime: Runtime, spool: Path) -> None:
        self.names = Names.of(runtime)
        """What names mean here."""
        self._transcribing = Transcribing(runtime, self.names, spool)
        self._speaking = Speaking(runtime, self.names)
        self._listing = Listing(runtime, self.names)

    def routes(self) -> list[Route]:
        """The routes."""
        table: list[tuple[str, str, Endpoint]] = [
            ("POST", "/v1/audio/transcriptions", self._transcribing.transcribe),
            ("POST", "/v1/audio/translations", self._transcribing.translate),
            ("POST", "/v1/audio/speech", self._speaking.speak),
            ("GET", "/v1/audio/voices", self._listing.voices),
            ("GET", "/v1/audio/models", self._listing.speaking_models),
            ("GET", "/v1/models", self._listing.models),
            ("GET", "/v1/models/{model:path}", self._listing.model),
            ("GET", "/openapi.json", openapi_json),
            ("GET", "/docs", docs_page),
        ]
        return [Route(path, answering(endpoint), methods=[method]) for method, path, endpoint in table]
