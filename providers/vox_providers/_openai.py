"""What speech and recognition at OpenAI share: the address, the key, and which models and voices there are.

`OPENAI_BASE_URL` may name any server that speaks the same API. What such a server calls its models is its own affair:
there every name is passed on, and what is known of OpenAI's models holds only for those that have their names. A key
has to be set for it too, if only to any word: that one is set tells that the provider is meant to be used.
"""

from __future__ import annotations

from difflib import get_close_matches

from vox.provider import Call, ProviderError
from vox_providers import _vendor_settings as settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vox_providers._vendor_errors import Refusal

__all__ = ["ADDRESS", "KEY", "Account", "check_name", "refuse"]

ADDRESS = "OPENAI_BASE_URL"
KEY = "OPENAI_API_KEY"

_HOME = "https://api.openai.com/v1"
_OWN_HOST = "openai.com"


class Account:
    """Where to ask, and with which key. Read anew for each call.

    Args:
        name: The service as messages name it.
        call: Whose lent key is to be used; none to see only what is configured.

    Attributes:
        url: The API's address.
        own: Whether it is OpenAI's own.
        key: The key; empty when there is none.
    """

    def __init__(self, name: str, call: Call | None = None) -> None:
        from urllib.parse import urlsplit

        self._key = settings.Key(name, KEY)
        self._call = call
        self._problem: ProviderError | None = None
        try:
            self.url = settings.base_url((ADDRESS,), _HOME)
        except ProviderError as problem:  # `models` has to answer all the same
            self.url, self._problem = "", problem
        host = urlsplit(self.url).hostname or ""
        self.own = host == _OWN_HOST or host.endswith(f".{_OWN_HOST}")
        self.key = self._key.find(call)

    @property
    def usable(self) -> bool:
        """Whether a call can be tried."""
        return self._problem is None and bool(self.key)

    @property
    def remedy(self) -> str:
        """What to do when it is not usable."""
        if self._problem:
            return self._problem.message
        return self._key.remedy if self.own else f"{self._key.remedy} A server that wants none takes any word."

    def headers(self) -> dict[str, str]:
        """What every request carries.

        Raises:
            ProviderError: There is no key (`unauthorized`), or the address is none.
        """
        if self._problem:
            raise self._problem
        return {"Authorization": f"Bearer {self._key.require(self._call)}"}


def check_name(what: str, name: str, known: list[str]) -> str:
    """`name`, which is one of `known`.

    Args:
        what: `model` or `voice`.

    Raises:
        ProviderError: It is none of them (`model_not_found`, `voice_not_found`).
    """
    if name not in known:
        near = get_close_matches(name, known, 3, 0.5) or known[:3]
        raise ProviderError(
            f"OpenAI has no {what} {name!r}; it has {', '.join(known)}.", code=f"{what}_not_found", nearest=near
        )
    return name


def refuse(refused: Refusal) -> ProviderError | None:
    """The errors that OpenAI's API tells by the parameter they are about."""
    about: object = None
    if isinstance(refused.parsed, dict) and isinstance(refused.parsed.get("error"), dict):
        about = refused.parsed["error"].get("param")
    if refused.status in (400, 404, 422) and about in ("voice", "model"):
        return refused.error(f"{about}_not_found")
    return None
