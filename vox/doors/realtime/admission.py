"""Who may open a session, and how it begins: decided before the handshake is answered, so that a client that is refused
gets an HTTP status it understands, and never an open socket that closes."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.types import Scope

from vox.doors.realtime.config import SessionConfig, SessionType
from vox.doors.realtime.dialect import Knock
from vox.doors.realtime.rate import NOBODY, Allowance, Rates, name_of
from vox.doors.realtime.secrets import PREFIX, Secrets
from vox.doors.realtime.services import Services
from vox.doors.realtime.wire import new_id
from vox.doors.rpc.handler import Access
from vox.errors import ModelNotFound, NotAuthorized, RateLimited

__all__ = ["Admission", "Opening"]

_OPENAIS = ("gpt-realtime", "gpt-4o-realtime", "gpt-4o-mini-realtime", "gpt-live")
"""What OpenAI's names for realtime models begin with: each means the whole of what is configured here."""

_OWN = "vox"


@dataclass(frozen=True, slots=True)
class Opening:
    """A session that may begin."""

    config: SessionConfig
    allowance: Allowance


class Admission:
    """Opens the door.

    Args:
        access: Tells what a request may do.
    """

    def __init__(
        self,
        services: Services,
        access: Callable[[Scope], Access],
        secrets: Secrets[SessionConfig],
        rates: Rates,
    ) -> None:
        self._services, self._access, self._secrets, self._rates = services, access, secrets, rates

    def open(self, scope: Scope, knock: Knock) -> Opening:
        """How the session of a handshake begins.

        Raises:
            NotAuthorized: It brings no key where one is needed, or a secret that has expired.
            RateLimited: Its key has asked for too much in the last minute.
            ModelNotFound: It names a model nobody here has heard of, and the settings are strict.
        """
        settings = self._services.settings()
        expires_at = int(time.time()) + settings.max_call_duration_ms // 1000
        if knock.key is not None and knock.key.startswith(PREFIX):
            secret = self._secrets.find(knock.key)
            if secret is None:
                raise NotAuthorized("This secret is not known here, or has expired. Have a new one made.")
            config, who = replace(secret.session, id=new_id("sess")), secret.minter
        else:
            who = self.admit(scope, knock.key)
            config = self.start("transcription" if knock.transcription else "realtime", knock.model)
        self.take(who)
        return Opening(replace(config, expires_at=expires_at), self._rates.of(who))

    def admit(self, scope: Scope, key: str | None) -> str:
        """Whose budget a request is taken from.

        Raises:
            NotAuthorized: A key is needed, and this is none.
        """
        access = self._access(scope)
        unlocked = None if key is None else access.unlock(key)
        if not (unlocked or access).admitted:
            raise NotAuthorized("This daemon asks for a key: send its token as Authorization: Bearer.")
        return NOBODY if unlocked is None else name_of(key)

    def take(self, who: str) -> None:
        """Take one request off a budget.

        Raises:
            RateLimited: There is none left.
        """
        wait_s = self._rates.take(who)
        if wait_s:
            raise RateLimited(
                "Too many requests in a minute with this key. Wait, or raise realtime.requestsPerMinute.",
                retryAfterMs=round(wait_s * 1000),
            )

    def start(self, type: SessionType, model: str | None) -> SessionConfig:
        """The configuration that a session of the daemon begins with.

        Args:
            model: As the client names it; of a transcription session, the recogniser.

        Raises:
            ModelNotFound: Nobody here has heard of it, and the settings are strict.
        """
        settings = self._services.settings()
        if type == "transcription":
            return SessionConfig.start(settings, type, model)
        agent = self._services.agent()
        own = _OWN if agent is None else agent.name
        known = model is None or model in (_OWN, own) or model.startswith(_OPENAIS)
        if not known and settings.strict_model:
            raise ModelNotFound(f"There is no model {model!r} here; conversations are held by {own!r}.", nearest=[own])
        return SessionConfig.start(settings, type, model if known and model else own)
