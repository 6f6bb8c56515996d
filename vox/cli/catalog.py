"""`vox models catalog`: which models there are to choose from."""

import json
from typing import Any

import click

from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import Output

__all__ = ["catalog_command"]

_EPILOG = """\b
Examples:
  vox models catalog
  vox models catalog refresh
"""


@click.command("catalog", epilog=_EPILOG)
@click.argument("action", type=click.Choice(["refresh"]), required=False, metavar="[refresh]")
@json_option
@no_start_option
@click.pass_obj
def catalog_command(output: Output, action: str | None, start: bool) -> None:
    """List the models that can be used with Vox, installed or not. With `refresh`, fetch a newer list first, from the
    address in the setting modelCatalogUrl."""
    with open_client(output, start) as client:
        answer = client.call("models.refreshCatalog" if action else "models.catalog")
    if output.json:
        output.object(answer)
        return
    output.line(f"catalog v{answer['version']} updated {answer['updatedAt']}")
    for model in answer["models"]:
        output.line(_line(model))


def _line(model: dict[str, Any]) -> str:
    here = {True: "true", False: "false", None: "unknown"}[model["installed"]]
    text = f"{model['id']} kind={model['kind']} installed={here} status={model['status']}"
    for name in ("vendor", "languages", "notes"):
        text += f" {name}={json.dumps(model[name], ensure_ascii=False)}" if model[name] else ""
    return text + (" default=true" if model["default"] else "")
