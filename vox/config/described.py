"""Models whose JSON Schema says of each key what stands under its attribute.

pydantic can read these texts when a class is made, but parses the source for it, at every start of the daemon. Only who
asks for a schema needs them, so here they are read then.
"""

import ast
import inspect
import textwrap
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

__all__ = ["Described"]


def _to_camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


class Described(BaseModel):
    """A part of a configuration file: camelCase keys, no unknown ones, frozen."""

    model_config = ConfigDict(alias_generator=_to_camel, populate_by_name=True, extra="forbid", frozen=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema, its keys described."""
        schema = handler(core_schema)
        properties: dict[str, Any] = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in _texts(cls).items():
            key = cls.model_fields[name].alias or name if name in cls.model_fields else name
            if key in properties:
                properties[key]["description"] = text
        return schema


def _texts(model: type[BaseModel]) -> dict[str, str]:
    """Attribute → the string literal that follows it."""
    definition = cast("ast.ClassDef", ast.parse(textwrap.dedent(inspect.getsource(model))).body[0])
    texts: dict[str, str] = {}
    for attribute, follower in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(attribute, ast.AnnAssign) and isinstance(attribute.target, ast.Name):
            match follower:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    texts[attribute.target.id] = inspect.cleandoc(text)
                case _:
                    continue
    return texts
