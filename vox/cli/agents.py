"""`vox agents`: who is spoken to, and how that is changed."""

from typing import Any

import click

from vox.cli.options import json_option, no_start_option, open_client
from vox.cli.output import Output
from vox.cli.verbs import Verbs

__all__ = ["command", "list_command", "pause_command", "resume_command", "send_command", "use_command"]

command = Verbs(
    "agents",
    {
        "list": "vox.cli.agents:list_command",
        "use": "vox.cli.agents:use_command",
        "send": "vox.cli.agents:send_command",
        "pause": "vox.cli.agents:pause_command",
        "resume": "vox.cli.agents:resume_command",
    },
    bare=True,
    short_help="List agents, and choose who is spoken to.",
    help="List the programs that are spoken to, choose among them, or have none listen. Without a command: list.",
    epilog="\b\nExamples:\n  vox agents\n  vox agents use claude",
)


@click.command("list", epilog="\b\nExamples:\n  vox agents\n  vox agents list --json | jq -r .current")
@json_option
@no_start_option
@click.pass_obj
def list_command(output: Output, start: bool) -> None:
    """List the agents that are connected. The one with a star is spoken to."""
    with open_client(output, start) as client:
        status = client.agents()
    shown = _shape(status)
    if output.json:
        output.object(shown)
        return
    for agent in shown["agents"]:
        output.line(f"{'*' if agent == shown['current'] else ' '} {agent}", "1" if agent == shown["current"] else "")
    output.note(f"microphone: {shown['error'] or shown['state']}")


@click.command("use", epilog="\b\nExample:\n  vox agents use claude")
@click.argument("agent", metavar="NAME")
@json_option
@no_start_option
@click.pass_obj
def use_command(output: Output, agent: str, start: bool) -> None:
    """Have NAME spoken to. It may be written as it sounds."""
    with open_client(output, start) as client:
        answer = client.door().control(f"output.set_agent:{agent}")
    current = answer.get("current_agent", agent)
    output.object({"current": current}) if output.json else output.line(f"current: {current}")


@click.command("send", epilog='\b\nExample:\n  vox agents send claude "Run the tests." --submit')
@click.argument("agent", metavar="NAME")
@click.argument("text", nargs=-1, required=True)
@click.option("--submit", is_flag=True, help='Send it off, as "ok send" does.')
@click.option("--newline", is_flag=True, help="Begin a new line behind it.")
@json_option
@no_start_option
@click.pass_obj
def send_command(output: Output, agent: str, text: tuple[str, ...], submit: bool, newline: bool, start: bool) -> None:
    """Tell an agent TEXT, as if it had been said."""
    ops = [name for name, given in (("newline", newline), ("submit", submit)) if given]
    with open_client(output, start) as client:
        client.tell_agent(agent, " ".join(text), *ops)
    output.object({"agent": agent, "ops": ops}) if output.json else output.note(f"told: {agent}")


@click.command("pause", epilog="\b\nExample:\n  vox agents pause")
@json_option
@no_start_option
@click.pass_obj
def pause_command(output: Output, start: bool) -> None:
    """Close the microphone. What was said until now is still delivered."""
    _listen(output, "stt.stop", start)


@click.command("resume", epilog="\b\nExample:\n  vox agents resume")
@json_option
@no_start_option
@click.pass_obj
def resume_command(output: Output, start: bool) -> None:
    """Open the microphone, as long as an agent is there to be spoken to."""
    _listen(output, "stt.start", start)


def _listen(output: Output, order: str, start: bool) -> None:
    with open_client(output, start) as client:
        client.door().control(order)
    listening = order == "stt.start"
    output.object({"listening": listening}) if output.json else output.line(
        f"listening: {'yes' if listening else 'no'}"
    )


def _shape(status: dict[str, Any]) -> dict[str, Any]:
    """What is shown of a Status of OpenVIP."""
    platform = status.get("platform", {})
    return {
        "current": platform.get("output", {}).get("current_agent"),
        "agents": status.get("connected_agents", []),
        "state": platform.get("state", "off"),
        "listening": platform.get("listening", False),
        "error": platform.get("stt", {}).get("error"),
    }
