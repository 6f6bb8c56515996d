"""The OpenAPI document as a page: no scripts, nothing from elsewhere."""

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from typing import Any

from vox.doors.openai.described.document import document
from vox.doors.openai.described.shapes import SHAPES, Schema

__all__ = ["POLICY", "page"]

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "table{border-collapse:collapse;margin:.5rem 0 1.5rem}td,th{border:1px solid #8886;padding:.2rem .6rem;"
    "text-align:left;vertical-align:top}code{font-size:.95em}h2{margin-top:2.5rem}"
)

POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a browser may do with the page: nothing but to show it in its own style."""


def page(server: str) -> str:
    """The page, in HTML.

    Args:
        server: Where the daemon is.
    """
    told = document(server)
    body = "".join(
        [
            f"<h1>{escape(told['info']['title'])}</h1><p>{escape(told['info']['description'])} In a client of OpenAI's,"
            f" set <code>base_url</code> to <code>{escape(server)}/v1</code>; any <code>api_key</code> does unless the"
            ' daemon has a token. The same as a document: <a href="/openapi.json">openapi.json</a>.</p>',
            *(part for path, methods in told["paths"].items() for part in _operations(path, methods)),
            "<h1>Shapes</h1>",
            *(part for name, shape in SHAPES.items() for part in _shape(name, shape)),
        ]
    )
    title = escape(told["info"]["title"])
    head = f'<meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _operations(path: str, methods: dict[str, Any]) -> Iterator[str]:
    for method, operation in methods.items():
        yield f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}.</p>"
        for kind, media in operation.get("requestBody", {}).get("content", {}).items():
            yield f"<p>Send <code>{escape(kind)}</code>: {_type(media['schema'])}</p>"
        rows = [
            f"<tr><td><code>{escape(one['name'])}</code></td><td>in the {one['in']}</td>"
            f"<td>{escape(one['description'])}</td></tr>"
            for one in operation.get("parameters", ())
        ]
        yield f"<table>{''.join(rows)}</table>" if rows else ""
        answers = [
            f"<tr><td>{status}</td><td>{escape(response['description'])}</td><td>{_kinds(response['content'])}</td></tr>"
            for status, response in operation["responses"].items()
        ]
        yield f"<table><tr><th>status</th><th>when</th><th>body</th></tr>{''.join(answers)}</table>"


def _kinds(content: dict[str, Any]) -> str:
    return "<br>".join(f"<code>{escape(kind)}</code>: {_type(media['schema'])}" for kind, media in content.items())


def _shape(name: str, shape: Schema) -> Iterator[str]:
    yield f'<h2 id="{name}">{name}</h2><table><tr><th>field</th><th>type</th><th>meaning</th></tr>'
    for field, schema in shape["properties"].items():
        need = "" if field in shape["required"] else " (may be left out)"
        told = escape(schema.get("description", ""))
        yield f"<tr><td><code>{escape(field)}</code>{need}</td><td>{_type(schema)}</td><td>{told}</td></tr>"
    yield "</table>"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
    if schema["type"] == "array":
        return f"list of {_type(schema['items'])}"
    if "properties" in schema:
        return "object with " + ", ".join(f"<code>{escape(name)}</code>" for name in schema["properties"])
    kinds: list[str] = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(map(escape, kinds)) + (f", {schema['format']}" if "format" in schema else "")
