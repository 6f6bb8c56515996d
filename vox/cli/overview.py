"""The commands of `vox`, and its own help, which costs nothing to show."""

__all__ = ["COMMANDS", "overview"]

COMMANDS = {
    "transcribe": "Recognise speech, in audio files or live.",
    "listen": "Write down what is said into the microphone.",
    "speak": "Speak a text.",
    "agent": "Run a terminal program and speak to it.",
    "agents": "List agents, and choose who is spoken to.",
    "voices": "List the voices that can speak.",
    "devices": "List microphones and loudspeakers.",
    "models": "List, install, import, remove and preload models.",
    "warmup": "Load models before they are needed.",
    "providers": "Look at the programs that do the work.",
    "history": "Show what was recognised and spoken.",
    "perf": "Show what the calls have cost.",
    "bench": "Compare models: errors, speed, memory.",
    "logs": "Show the daemon's log and its records.",
    "status": "Show what the daemon is doing.",
    "daemon": "Run, start and stop the daemon.",
    "service": "Have the daemon run from login on.",
    "doctor": "Check that everything is in place.",
    "config": "Show, check and change the configuration.",
    "origins": "Say which web pages may use the daemon.",
}
"""The commands and their short help: `vox.cli.NAME` holds each as `command`."""

_OVERVIEW = """\
Usage: vox [OPTIONS] COMMAND [ARGS]...

  Local speech recognition and synthesis.

  The daemon starts by itself when a command needs it. Results go to stdout,
  everything else to stderr.

Options:
  -V, --version  Show the version and exit.
  --debug        Show where an error comes from.
  -q, --quiet    Say nothing on stderr but errors.
  -h, --help     Show this message and exit; after a command, its own.

Commands:
{commands}

Examples:
  vox transcribe talk.mp3
  vox speak "Good morning." --out morning.wav
  vox models"""


def overview() -> str:
    """The help of `vox` itself."""
    width = max(map(len, COMMANDS))
    return _OVERVIEW.format(commands="\n".join(f"  {name:{width}}  {help}" for name, help in COMMANDS.items()))
