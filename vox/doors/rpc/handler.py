"""What a method of the client RPC is given beside its parameters: who asks, and how to tell it something meanwhile."""

import uuid
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from vox.errors import NotAuthorized

if TYPE_CHECKING:
    from vox.doors.rpc.params import Params

__all__ = ["Access", "Emit", "Handler", "require_owner"]


@dataclass(frozen=True, slots=True)
class Access:
    """What a connection may do; decided by how it came in, never by what it says."""

    owner: bool = False
    """The unix socket or the token: may talk to providers directly and stop the daemon."""
    files: bool = True
    """A program of this machine, not a web page: may name files and install models."""
    connection: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Which connection it is: what a client began on one, only that one ends."""
    origin: str | None = None
    """The web page that asks; None for a program."""
    admitted: bool = True
    """Without it, each call must carry a token."""
    unlock: "Callable[[str], Access | None]" = field(default=lambda _: None, compare=False, repr=False)
    """What the bearer of a token may do; None when nobody has such a token."""


class Emit(Protocol):
    """Sends events that belong to the running call."""

    def __call__(self, event: str, data: dict[str, Any], /) -> None:
        """Send one; it does not wait."""
        ...

    async def room(self) -> None:
        """Wait while much of what was sent before is still on its way. A call that waits here lets its own parts pile
        up where they are bounded, and costs the client's other calls nothing."""
        ...

    def push(self, event: str, data: dict[str, Any], /) -> None:
        """Send an event that belongs to the connection and to no call."""
        ...

    def push_json(self, event: str, data: bytes, /) -> None:
        """As `push`, of data that is JSON already: what goes to many connections is written out once."""
        ...

    def keep(self, run: Callable[[], Coroutine[Any, Any, None]], /) -> None:
        """Run something beside the calls, until it returns or the connection ends."""
        ...


Handler: TypeAlias = "Callable[[Params, Access, Emit], Awaitable[dict[str, Any]]]"
"""One method.

Raises:
    VoxError: Becomes the call's error.
"""


def require_owner(access: Access) -> None:
    """Let only the owner pass.

    Raises:
        NotAuthorized: Somebody else asks.
    """
    if not access.owner:
        raise NotAuthorized("This method is for the owner of the daemon: use the unix socket or the token.")
