"""The demo page: one file that names nothing from elsewhere, under a policy that would not let it in."""

import base64
import hashlib
import re
from html.parser import HTMLParser

from starlette.applications import Starlette
from starlette.testclient import TestClient

from vox.doors.demo.page import PATH, demo_route


def get(host: str = "localhost:42137") -> tuple[str, dict[str, str]]:
    answer = TestClient(Starlette(routes=[demo_route()])).get(PATH, headers={"host": host})
    assert answer.status_code == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    return answer.text, {name: value for name, _, value in (part.partition(" ") for part in policy.split("; "))}


class Elements(HTMLParser):
    """What the page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_only_its_own_script_and_style_run() -> None:
    text, policy = get()
    for tag, directive in (("script", "script-src"), ("style", "style-src")):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode("utf-8")).digest()).decode("ascii")
        assert f"'sha256-{digest}'" in policy[directive].split()
    assert "unsafe" not in " ".join(policy.values()) and policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"


def test_it_loads_nothing() -> None:
    text, _ = get()
    for tag, attributes in Elements(text).found:
        assert "src" not in attributes and (tag != "link" or attributes["href"] == "data:,"), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert "http://" not in text and "https://" not in text


def test_it_may_connect_to_where_it_comes_from() -> None:
    assert get("localhost:42137")[1]["connect-src"] == "'self' ws://localhost:42137 wss://localhost:42137"
    assert get("[::1]:42137")[1]["connect-src"] == "'self'"
    assert get("evil.example; script-src *")[1]["connect-src"] == "'self'"
