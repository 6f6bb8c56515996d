"""Keys are described by the text under their attribute, read from the source when somebody asks."""

from pydantic import BaseModel, Field

from vox.config.described import Described


class Inner(Described, BaseModel):
    """Inner."""

    max_wait: int = 1
    """How long."""


class Outer(Described, BaseModel):
    """Outer."""

    plain: int = 1
    named: str = Field(default="", alias="$named")
    """A key that is no
    identifier."""
    inner: Inner = Inner()
    """What is inside."""


def test_every_key_has_its_text_and_no_other() -> None:
    schema = Outer.model_json_schema(by_alias=True)
    assert schema["description"] == "Outer."
    assert "description" not in schema["properties"]["plain"]
    assert schema["properties"]["$named"]["description"] == "A key that is no\nidentifier."
    assert schema["properties"]["inner"]["description"] == "What is inside."
    assert schema["$defs"]["Inner"]["properties"]["maxWait"]["description"] == "How long."
