"""`/openapi.json` and `/docs`: what is served here, for programs and for readers."""

from starlette.requests import Request
from starlette.responses import Response

from vox.doors.openai.answers import HEADERS, answer

__all__ = ["docs_page", "openapi_json"]


async def openapi_json(request: Request) -> Response:
    """The OpenAPI document."""
    from vox.doors.openai.described.document import document  # here as below: seldom asked for

    return answer(document(_server(request)))


async def docs_page(request: Request) -> Response:
    """The same as a page."""
    from vox.doors.openai.described.page import POLICY, page

    return Response(page(_server(request)), 200, {**HEADERS, "content-security-policy": POLICY}, "text/html")


def _server(request: Request) -> str:
    """Where the client found us: the guard has seen that it is a name of ours."""
    return f"{request.url.scheme}://{request.url.netloc}"
