"""What the daemon tells a relay."""

import json
from dataclasses import asdict, dataclass

__all__ = ["VARIABLE", "RelayOptions"]

VARIABLE = "_VOX_RELAY"
"""The environment variable that carries the options: like any provider's environment, for the user's own eyes only."""


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """How a provider is run on a cluster."""

    address: str
    """Of the cluster, as Ray takes it; "auto" finds the one this machine belongs to."""
    num_cpus: float
    num_gpus: float
    resources: dict[str, float]
    """Custom resources, as the nodes were started with."""
    environment: dict[str, str]
    """Of the entry; the rest comes from the node."""
    cwd: str
    room_s: float
    """How long to wait for a node with room."""

    def to_json(self) -> str:
        """The value of the variable."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "RelayOptions":
        """Read the value of the variable."""
        return cls(**json.loads(text))
