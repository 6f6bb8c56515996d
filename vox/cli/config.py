"""`vox config`: what is set, which files count, whether they are right, and what may stand in them."""

from typing import Any

import click

from vox.cli.options import json_option
from vox.cli.output import Output
from vox.cli.settings import get_command, set_command, unset_command
from vox.errors import ConfigError
from vox.paths import Home

__all__ = ["command"]

_EPILOG = """\b
Examples:
  vox config get llm --show-origin
  vox config set llm.preset ollama
  vox config unset llm.preset
  vox config path
  vox config path providers
  vox config validate
  vox config schema > providers.schema.json
"""


@click.group("config", short_help="Show, check and change the configuration.", epilog=_EPILOG)
def command() -> None:
    """Show, check and change the configuration. No daemon is needed for it; one that runs takes changes over."""


for other in (get_command, set_command, unset_command):
    command.add_command(other)


@command.command("path", epilog='\b\nExample:\n  $EDITOR "$(vox config path providers)"')
@click.argument("name", required=False, metavar="[NAME]")
@json_option
@click.pass_obj
def path_command(output: Output, name: str | None) -> None:
    """Print where the files are: all of them, or the one called NAME."""
    paths = _paths(Home.from_env())
    if name is not None:
        if name not in paths:
            raise click.BadParameter(f"{name!r} is none of: {', '.join(paths)}.")
        paths = {name: paths[name]}
    if output.json:
        output.object(paths)
    elif name is not None:
        output.line(paths[name])
    else:
        for key, path in paths.items():
            output.line(f"{key}: {path}")


@command.command("validate", epilog="\b\nExample:\n  vox config validate --json")
@json_option
@click.pass_obj
def validate_command(output: Output) -> int:
    """Check providers.json and config.json: each problem with file, line and what to write. Exit status 78 if any."""
    from vox.config import load
    from vox.host.command import builtins, is_builtin

    known = builtins()
    home = Home.from_env()
    configuration = load(home, lambda name: is_builtin(name, known))
    problems = [
        {"file": p.file, "line": p.line, "path": p.path, "message": p.message, "fix": p.fix}
        for p in configuration.problems
    ]
    if output.json:
        output.object({"valid": not problems, "providers": len(configuration.entries), "problems": problems})
    elif problems:
        for problem in configuration.problems:
            output.line(str(problem))
    else:
        output.line(f"valid: {len(configuration.entries)} providers, {home.providers_json}")
    return ConfigError.exit_status if problems else 0


@command.command("schema", epilog="\b\nExample:\n  vox config schema > providers.schema.json")
@click.argument("file", type=click.Choice(["providers", "config"]), default="providers")
@json_option
@click.pass_obj
def schema_command(output: Output, file: str) -> None:
    """Print the JSON Schema of providers.json, or of config.json."""
    from vox.config import Settings, schema

    document: dict[str, Any] = schema() if file == "providers" else Settings.model_json_schema(by_alias=True)
    output.object(document)


def _paths(home: Home) -> dict[str, str]:
    return {
        "home": str(home.root),
        "providers": str(home.providers_json),
        "config": str(home.config_json),
        "runtime": str(home.runtime_json),
        "socket": str(home.socket),
        "performance": str(home.performance_jsonl),
        "logs": str(home.logs),
        "cache": str(home.cache),
        "models": str(home.models),
    }
