"""Tokens: the one of this run, which only the owner's programs can read, and the one the user configured, if any.

Once a token is configured, every request over TCP must carry one. What a request may do follows from the way it came in
and from its token, never from anything else it says.
"""

import os
import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace

from vox.config.file import Problem
from vox.config.reach import check_token
from vox.config.references import resolve_references
from vox.config.settings import Settings
from vox.doors.rpc.handler import Access
from vox.errors import ConfigError
from vox.log import get_logger, redactor

__all__ = ["Keys", "check_none_is_lost"]

_log = get_logger()


class Keys:
    """Who a token belongs to.

    Args:
        own: The token in runtime.json.
        settings: The settings in force. The configured token is looked up anew for each use: one that was replaced
            must not be honoured any longer.
        always: Other machines can reach us: a token is needed even when the setting is taken away.
    """

    def __init__(self, own: str, settings: Callable[[], Settings], always: bool = False) -> None:
        self._own, self._settings, self._always = own, settings, always

    @property
    def required(self) -> bool:
        """Whether requests over TCP need a token."""
        return self._always or self._settings().auth_token is not None

    def check(self) -> None:
        """Make sure that the configured token, if there is one, can be used.

        Raises:
            ConfigError: It cannot be read, or is too short.
        """
        self._configured()

    def access(self, token: str | None, without: Access) -> Access | None:
        """What the bearer of a token may do; None when nobody has such a token.

        Args:
            without: What the connection may do without one.
        """
        if token is None:
            return replace(without, admitted=not self.required)
        if _same(token, self._own):
            return replace(without, owner=True, files=True, admitted=True)
        try:
            configured = self._configured()
        except ConfigError as error:
            _log.warning("auth.token_unusable", why=error.message)
            return None
        if configured is None or not _same(token, configured):
            return None
        return self._scoped(without)

    def _scoped(self, without: Access) -> Access:
        scopes = self._settings().auth_scopes
        admin = "admin" in scopes
        files = admin or ("files" in scopes and without.origin is None)  # a page names no files, whatever it knows
        return replace(without, owner=without.owner or admin, files=files, admitted=True)

    def _configured(self) -> str | None:
        written = self._settings().auth_token
        if written is None:
            return None
        token = resolve_references({"authToken": written})["authToken"].strip()
        check_token(token)
        redactor.learn_value(token)
        return token


def check_none_is_lost(problems: Iterable[Problem]) -> None:
    """Make sure that no token is among the settings that were left out. Any other that cannot be used costs only
    itself; without this one, everybody would be let in.

    Raises:
        ConfigError: One is.
    """
    for problem in problems:
        variables = problem.file == "environment" and problem.path == "VOX_*"
        if problem.path == "authToken" or (variables and os.environ.get("VOX_AUTH_TOKEN")):
            raise ConfigError(f"{problem} So there would be no token, and Vox does not start. Mend it, or take it out.")


def _same(given: str, wanted: str) -> bool:
    return secrets.compare_digest(given.encode("utf-8", "replace"), wanted.encode("utf-8"))
