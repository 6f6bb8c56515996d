"""Who has which token may do what."""

from pathlib import Path
from typing import Any

import pytest

from vox.config.settings import Settings
from vox.daemon.access import access_of, admits, names_of
from vox.daemon.keys import Keys
from vox.doors.rpc.handler import Access
from vox.errors import ConfigError

OWN, CONFIGURED = "own-token-of-this-run", "configured-token-0123"
PROGRAM, PAGE = Access(), Access(files=False, origin="https://a.example")


def keys(**settings: Any) -> Keys:
    current = Settings.model_validate(settings)
    return Keys(OWN, lambda: current)


def rights(access: Access | None) -> tuple[bool, bool, bool] | None:
    return None if access is None else (access.owner, access.files, access.admitted)


def test_without_a_configured_token() -> None:
    free = keys()
    assert not free.required
    assert rights(free.access(None, PROGRAM)) == (False, True, True)
    assert rights(free.access(None, PAGE)) == (False, False, True)
    assert rights(free.access(OWN, PAGE)) == (True, True, True)
    assert free.access("", PROGRAM) is None and free.access(OWN[:-1], PROGRAM) is None


@pytest.mark.parametrize(
    ("scopes", "program", "page"),
    [
        ([], (False, False, True), (False, False, True)),
        (["files"], (False, True, True), (False, False, True)),
        (["admin"], (True, True, True), (True, True, True)),
    ],
)
def test_with_one(scopes: list[str], program: Any, page: Any) -> None:
    guarded = keys(authToken=CONFIGURED, authScopes=scopes)
    assert guarded.required
    assert rights(guarded.access(None, PROGRAM)) == (False, True, False)
    assert rights(guarded.access(CONFIGURED, PROGRAM)) == program
    assert rights(guarded.access(CONFIGURED, PAGE)) == page
    assert guarded.access("ünicode\ud800", PROGRAM) is None


def test_a_token_that_was_replaced_counts_no_longer(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(CONFIGURED + "\n", encoding="utf-8")
    guarded = keys(authToken=f"${{file:{file}}}")
    assert guarded.access(CONFIGURED, PROGRAM) is not None
    file.write_text("another-token-0123456", encoding="utf-8")
    assert guarded.access(CONFIGURED, PROGRAM) is None
    assert guarded.access("another-token-0123456", PROGRAM) is not None
    file.unlink()  # nobody is let in by it now
    assert guarded.required and guarded.access("another-token-0123456", PROGRAM) is None
    assert rights(guarded.access(OWN, PROGRAM)) == (True, True, True)


def test_where_others_can_reach_us_taking_the_token_away_lets_nobody_in() -> None:
    reachable = Keys(OWN, Settings, always=True)
    assert reachable.required
    assert rights(reachable.access(None, PROGRAM)) == (False, True, False)
    assert reachable.access(CONFIGURED, PROGRAM) is None
    assert rights(reachable.access(OWN, PROGRAM)) == (True, True, True)


@pytest.mark.parametrize("token", ["short", "${env:VOX_NO_SUCH}", "${file:/no/such/file}"])
def test_a_token_that_cannot_be_used(token: str) -> None:
    with pytest.raises(ConfigError):
        keys(authToken=token).check()


def scope(*headers: tuple[str, str]) -> dict[str, Any]:
    return {"type": "http", "headers": [(name.encode(), value.encode()) for name, value in headers]}


def test_rights_of_a_request() -> None:
    guarded = keys(authToken=CONFIGURED)
    assert rights(access_of(scope(), guarded)) == (False, True, False)
    assert rights(access_of(scope(("authorization", f"bearer {CONFIGURED}")), guarded)) == (False, False, True)
    assert rights(access_of(scope(("authorization", "Bearer wrong")), guarded)) == (False, False, False)
    assert rights(access_of(scope(("authorization", f"Basic {CONFIGURED}")), guarded)) == (False, False, False)
    late = access_of(scope(("origin", "https://a.example")), guarded)
    assert late.origin == "https://a.example" and rights(late) == (False, False, False)
    assert rights(late.unlock(CONFIGURED)) == (False, False, True) and late.unlock("wrong") is None
    assert (unlocked := late.unlock(CONFIGURED)) and unlocked.connection == late.connection


def test_who_is_let_in() -> None:
    assert admits(scope(), keys())
    guarded = keys(authToken=CONFIGURED)
    assert not admits(scope(), guarded) and not admits(scope(("authorization", "Bearer x")), guarded)
    assert admits(scope(("authorization", f"Bearer {CONFIGURED}")), guarded)
    assert admits(scope(("authorization", f"Bearer {OWN}")), guarded)


@pytest.mark.parametrize(
    ("host", "name", "own"),
    [
        ("127.0.0.1", "proxy.example", True),
        ("127.0.0.1", "192.168.1.5", False),
        ("0.0.0.0", "192.168.1.5", True),
        ("0.0.0.0", "[fd00::1]", True),
        ("0.0.0.0", "0.0.0.0", False),
        ("0.0.0.0", "evil.example", False),
    ],
)
def test_other_names(host: str, name: str, own: bool) -> None:
    settings = Settings(host=host, allowed_hosts=["Proxy.example"])
    assert names_of(lambda: settings)(name) is own
