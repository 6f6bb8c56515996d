"""Making secrets: `POST /v1/realtime/client_secrets`, and the two endpoints of the beta.

Who makes one needs the daemon's key, where there is one; whoever holds only a secret can make no other. The session
that comes with the request is checked here, so that a page does not learn of a mistake in it when it dials.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vox.doors.bodies import read_json
from vox.doors.openai.answers import Endpoint, answer, answering
from vox.doors.realtime.admission import Admission
from vox.doors.realtime.beta import session_from_beta, session_to_beta
from vox.doors.realtime.config import SessionConfig, SessionType
from vox.doors.realtime.dialect import read_knock
from vox.doors.realtime.fields import Fields
from vox.doors.realtime.secrets import PREFIX, Minted, Secrets
from vox.doors.realtime.services import Services
from vox.doors.realtime.wire import EventError
from vox.errors import InvalidRequest, NotAuthorized

__all__ = ["Minting"]

_LEAST_S, _MOST_S = 10, 7200  # as published

_Mint: TypeAlias = Callable[[dict[str, Any], str], dict[str, Any]]


class Minting:
    """The three endpoints."""

    def __init__(self, services: Services, admission: Admission, secrets: Secrets[SessionConfig]) -> None:
        self._services, self._admission, self._secrets = services, admission, secrets

    def routes(self) -> list[Route]:
        """The routes."""
        table: list[tuple[str, _Mint]] = [
            ("client_secrets", self._client_secret),
            ("sessions", self._beta_session),
            ("transcription_sessions", self._beta_transcription_session),
        ]
        return [Route(f"/v1/realtime/{name}", self._endpoint(mint), methods=["POST"]) for name, mint in table]

    def _endpoint(self, mint: _Mint) -> Endpoint:
        async def serve(request: Request) -> Response:
            who = self._who(request)
            self._admission.take(who)
            try:
                return answer(mint(await read_json(request), who))
            except EventError as error:
                told = {name: value for name, value in error.shape().items() if name != "event_id"}
                return answer({"error": told}, 400)

        return answering(serve)

    def _who(self, request: Request) -> str:
        key = read_knock(request.scope).key
        if key is not None and key.startswith(PREFIX):
            raise NotAuthorized("A secret opens sessions and makes no other secrets: send the daemon's key.")
        return self._admission.admit(request.scope, key)

    def _client_secret(self, body: dict[str, Any], who: str) -> dict[str, Any]:
        config = self._config(body.get("session", {}))
        minted = self._mint(config, body.get("expires_after"), who)
        return {"value": minted.value, "expires_at": minted.expires_at, "session": config.shape()}

    def _beta_session(self, body: dict[str, Any], who: str) -> dict[str, Any]:
        return self._beta(session_from_beta(body), body, who)

    def _beta_transcription_session(self, body: dict[str, Any], who: str) -> dict[str, Any]:
        return self._beta({**session_from_beta(body), "type": "transcription"}, body, who)

    def _beta(self, session: dict[str, Any], body: dict[str, Any], who: str) -> dict[str, Any]:
        config = self._config(session)
        asked: Any = body.get("client_secret")
        lifetime: Any = None
        if isinstance(asked, dict):
            wanted = cast("dict[str, Any]", asked)
            lifetime = wanted.get("expires_after", wanted.get("expires_at"))  # the second for transcription sessions
        minted = self._mint(config, lifetime, who)
        secret = {"value": minted.value, "expires_at": minted.expires_at}
        return {**session_to_beta(config.shape()), "client_secret": secret}

    def _config(self, session: object) -> SessionConfig:
        fields = Fields.of(session, "session")
        kind: SessionType = fields.choice("type", "realtime", ("realtime", "transcription"))
        model = fields.text("model", None) if kind == "realtime" else None
        return self._admission.start(kind, model or None).merged(session)

    def _mint(self, config: SessionConfig, lifetime: object, who: str) -> Minted:
        fields = Fields.of({} if lifetime is None else lifetime, "expires_after")
        if fields.text("anchor", "created_at") != "created_at":
            raise InvalidRequest("expires_after.anchor must be created_at.", param="expires_after.anchor")
        seconds = fields.whole("seconds", self._services.settings().secret_seconds, _LEAST_S, _MOST_S)
        return self._secrets.mint(config, seconds, who)
