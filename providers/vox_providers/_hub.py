"""The Hugging Face hub as far as installing needs it: which files a repository has, and a stream of one of them.

`GET /api/models/{repo}?blobs=true` names the commit and, per file, its size and its identity: the SHA-256 of a large
file (`lfs.sha256`), the git blob id of a small one (`blobId`). `GET /{repo}/resolve/{commit}/{path}` is the file
itself, usually a redirect to a storage host. Downloads name the commit, so what such an address holds never changes
and a download can be continued without asking whether the file is still the same.

`HF_ENDPOINT` names another hub, `HF_TOKEN` lets into private repositories (it is never sent to another host), and
the usual proxy variables are honoured. Standard library only.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException, HTTPResponse
from typing import IO, Any
from urllib import request
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit

from vox.provider import Call, ProviderError

__all__ = ["Hub", "Interrupted", "Patience", "RangeRefused", "RemoteFile", "parse_listing"]

_ENDPOINT = "https://huggingface.co"
_ANSWER_S = 15.0  # without a byte on one connection; a new connection may fare better
_LISTING_LIMIT = 8 << 20  # bytes; the listing of a repository with a thousand files has a tenth of that
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_WAIT_S = 8.0  # between two attempts
_ATTEMPTS = 6  # in a row without one new byte: no network, no server
_UNUSABLE = frozenset("\\:\0")  # in a file name: they mean something else than a character on some system
_LOOK_S = 0.05  # how soon a cancelled call ends its waiting


class Interrupted(Exception):
    """A transfer ended early for a reason that may pass.

    Args:
        reason: What happened.
        retry_after_s: How long the server asked to wait, if it did.
        code: The error code to report if it does not pass.
    """

    def __init__(self, reason: str, retry_after_s: float | None = None, code: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.code = code


class RangeRefused(Interrupted):
    """The server has no such part of the file (416): what is here already cannot be continued."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file of a repository at one commit.

    Attributes:
        path: Its path inside the repository.
        size: Bytes.
        url: Where it is.
        identity: What tells its content apart: `sha256:…`, `git:…`, or `commit:…` when the hub gave neither digest.
    """

    path: str
    size: int
    url: str
    identity: str


class Patience:
    """How long to go on without a new byte: `limit_s` in all, and a handful of attempts with growing pauses."""

    def __init__(self, call: Call, limit_s: float = 60.0, first_wait_s: float = 0.5) -> None:
        self._call = call
        self._limit_s = limit_s
        self._first_wait_s = first_wait_s
        self._attempts = 0
        self._since = time.monotonic()

    def progressed(self) -> None:
        """A byte came: start counting anew."""
        self._attempts = 0
        self._since = time.monotonic()

    def wait(self, problem: Interrupted) -> None:
        """Pause before the next attempt.

        Raises:
            ProviderError: There is none, or the call was cancelled.
        """
        pause = min(self._first_wait_s * 2**self._attempts, _LONGEST_WAIT_S)
        if problem.retry_after_s is not None:
            pause = problem.retry_after_s
        self._attempts += 1
        end = time.monotonic() + pause
        if self._attempts >= _ATTEMPTS or end > self._since + self._limit_s:
            raise ProviderError(
                f"The download stopped: {problem.reason}. What has arrived is kept; run the same command again later.",
                code=problem.code,
                **({"retryAfterMs": round(pause * 1000)} if problem.retry_after_s is not None else {}),
            ) from problem
        while (left := end - time.monotonic()) > 0:
            self._call.raise_if_cancelled()
            time.sleep(min(left, _LOOK_S))


class Hub:
    """One hub.

    Args:
        endpoint: Its address without a path.
        token: Sent as the bearer token to this address only.

    Raises:
        ProviderError: The address is none.
    """

    def __init__(self, endpoint: str = _ENDPOINT, token: str | None = None) -> None:
        self.endpoint = endpoint.rstrip("/")
        if not self.endpoint.startswith(("http://", "https://")) or not urlsplit(self.endpoint).netloc:
            raise ProviderError(f"HF_ENDPOINT must be an address such as {_ENDPOINT}, not {endpoint!r}.")
        self._token = token
        self._opener = request.OpenerDirector()
        for handler in (
            request.ProxyHandler(),
            request.HTTPHandler(),
            request.HTTPSHandler(),
            request.HTTPDefaultErrorHandler(),
            request.HTTPErrorProcessor(),
            _Redirects(),
        ):
            self._opener.add_handler(handler)

    @classmethod
    def from_env(cls) -> "Hub":
        """The hub that `HF_ENDPOINT` and `HF_TOKEN` describe."""
        return cls(os.environ.get("HF_ENDPOINT") or _ENDPOINT, os.environ.get("HF_TOKEN") or None)

    def files(self, repo: str, patience: Patience) -> list[RemoteFile]:
        """Every file of the repository's main branch as it is now.

        Raises:
            ProviderError: No such repository, no right to read it, no answer, or an answer that is no listing.
        """
        url = f"{self.endpoint}/api/models/{quote(repo)}?blobs=true"
        while True:
            try:
                with self.open(url) as response:
                    return parse_listing(self.endpoint, repo, response.read(_LISTING_LIMIT))
            except Interrupted as problem:
                patience.wait(problem)
            except (OSError, HTTPException) as problem:
                patience.wait(Interrupted(f"{url}: {problem!r}"))

    def open(self, url: str, headers: Mapping[str, str] | None = None) -> HTTPResponse:
        """The answer to a GET, with status 200 or 206; the caller closes it.

        Raises:
            Interrupted: It may work later.
            RangeRefused: Status 416.
            ProviderError: It will not work.
        """
        call = request.Request(url, headers={"User-Agent": "vox", **(headers or {})})
        if self._token:
            call.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            answer = self._opener.open(call, timeout=_ANSWER_S)
        except HTTPError as problem:
            with problem:
                raise _refusal(problem) from problem
        except (OSError, HTTPException) as problem:
            reason = getattr(problem, "reason", None) or problem
            raise Interrupted(
                f"{urlsplit(url).netloc} cannot be reached ({reason}); without a network, `vox models import` takes "
                "the files from a folder"
            ) from problem
        return answer


def parse_listing(endpoint: str, repo: str, body: bytes) -> list[RemoteFile]:
    """The files that the hub's answer names.

    Raises:
        ProviderError: It is no such answer, or names a file that would leave its folder.
    """
    try:
        listing = json.loads(body)
        return [_file(f"{endpoint}/{quote(repo)}", str(listing["sha"]), entry) for entry in listing["siblings"]]
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as problem:
        raise ProviderError(
            f"{endpoint} did not answer with a list of the files of {repo} ({problem!r}). Is HF_ENDPOINT a hub, and is "
            "a login page in the way of the network?"
        ) from problem


def _file(address: str, commit: str, entry: Mapping[str, Any]) -> RemoteFile:
    path, size = str(entry["rfilename"]), int(entry["size"])
    if path.startswith("/") or not {"", ".", ".."}.isdisjoint(path.split("/")) or set(path) & _UNUSABLE or size < 0:
        raise ValueError(f"unusable file {path!r} of {size} bytes")
    large = entry.get("lfs") or {}
    digest, blob = large.get("sha256"), entry.get("blobId")
    identity = f"sha256:{digest}" if digest else f"git:{blob}" if blob and not large else f"commit:{commit}"
    return RemoteFile(path, size, f"{address}/resolve/{quote(commit, safe='')}/{quote(path)}", identity)


class _Redirects(request.HTTPRedirectHandler):
    """Keeps the token on its host, and an encrypted transfer encrypted."""

    def redirect_request(
        self, req: request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> request.Request | None:
        if req.type == "https" and urlsplit(newurl).scheme != "https":
            raise HTTPError(newurl, code, "redirected to an address without encryption", headers, fp)
        following = super().redirect_request(req, fp, code, msg, headers, newurl)  # type: ignore[arg-type]
        token = req.unredirected_hdrs.get("Authorization")
        if following and token and (following.type, following.host) == (req.type, req.host):
            following.add_unredirected_header("Authorization", token)
        return following


def _refusal(problem: HTTPError) -> Exception:
    """What a status other than success means."""
    what = f"{problem.url} answered {problem.code} {problem.reason}"
    if problem.code == 416:
        return RangeRefused(what)
    if problem.code in _TRANSIENT:
        after = _retry_after(problem.headers)
        return Interrupted(what, after, "rate_limited" if problem.code == 429 else None)
    if problem.code in (401, 403):
        return ProviderError(
            f"{what}. The repository is private or does not exist; a token goes into HF_TOKEN.", code="unauthorized"
        )
    if problem.code == 404:
        return ProviderError(f"{what}. The hub has no such file; is HF_ENDPOINT right?", code="model_not_found")
    return ProviderError(f"{what}.")


def _retry_after(headers: Message) -> float | None:
    """The seconds a server asked for. The other form, a date, is treated as not given: clocks differ."""
    value = str(headers.get("Retry-After") or "").strip()
    return float(value) if value.isascii() and value.isdigit() else None
