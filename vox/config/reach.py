"""Who may reach the daemon: an address of other machines, and the token that is asked of them.

The same words are used where such a setting is written, where the configuration is looked over, and by the daemon.
"""

import ipaddress

from vox.errors import ConfigError

__all__ = ["check_host", "check_token", "is_loopback"]

_LEAST = 16  # characters; fewer can be guessed by trying


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_host(host: str, *, guarded: bool) -> None:
    """Make sure that no other machine can reach a daemon that asks for no token.

    Args:
        guarded: There is a token.

    Raises:
        ConfigError: The address is not loopback.
    """
    if not guarded and not is_loopback(host):
        raise ConfigError(
            f"host is {host!r}, which other machines can reach. Vox listens there only when authToken is set; without"
            " one it takes loopback addresses: use 127.0.0.1 or ::1."
        )


def check_token(token: str) -> None:
    """Make sure that a token cannot be guessed.

    Raises:
        ConfigError: It is too short.
    """
    if len(token) < _LEAST:
        raise ConfigError(
            f"authToken has {len(token)} characters; it must have {_LEAST} or more. Make one with: python -c"
            ' "import secrets; print(secrets.token_urlsafe(32))"'
        )
