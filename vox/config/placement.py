"""Where the processes of an entry run, when that is not this machine."""

from pydantic import BaseModel, Field

from vox.config.described import Described

__all__ = ["Placement", "RayPlacement"]


class RayPlacement(Described, BaseModel):
    """On a Ray cluster that this machine is a node of. Needs the extra `ray` on every node."""

    address: str = Field(default="auto", min_length=1)
    """Of the cluster; "auto" finds the one this machine belongs to, or takes RAY_ADDRESS."""
    replicas: int = Field(default=1, ge=1)
    """Processes of this entry at most, spread over the nodes; another one is started when those that run are full."""
    num_cpus: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """Processors to set aside for each."""
    num_gpus: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Graphics processors to set aside for each; a part of one shares it."""
    resources: dict[str, float] = {}
    """Custom resources to set aside for each, as the nodes were started with."""


class Placement(Described, BaseModel):
    """An engine that runs the processes."""

    ray: RayPlacement
    """A Ray cluster."""
