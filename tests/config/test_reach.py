"""Other machines are let in by a token alone, and by none that can be guessed."""

import pytest

from vox.config.reach import check_host, check_token, is_loopback
from vox.errors import ConfigError


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.10", "::1"])
def test_only_this_machine(host: str) -> None:
    assert is_loopback(host)
    check_host(host, guarded=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "vox.example", ""])
def test_other_machines(host: str) -> None:
    assert not is_loopback(host)
    check_host(host, guarded=True)
    with pytest.raises(ConfigError, match="other machines can reach"):
        check_host(host, guarded=False)


def test_the_length_of_a_token() -> None:
    check_token("x" * 16)
    with pytest.raises(ConfigError, match="15 characters; it must have 16 or more") as caught:
        check_token("hunter2" * 2 + "h")
    assert "hunter2" not in caught.value.message
