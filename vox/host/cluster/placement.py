"""From what to run here to what to run there: the relay takes the place of the provider's own command."""

import dataclasses
import os
import sys
from collections.abc import Mapping

from vox.config.placement import RayPlacement
from vox.host.cluster.options import VARIABLE, RelayOptions
from vox.host.command import child_environment
from vox.host.supervisor import ProviderSpec

__all__ = ["on_ray"]

_ROOM_MARGIN_S = 2.0  # of the time for a start: enough to say that there was no room before it is over


def on_ray(spec: ProviderSpec, placement: RayPlacement, environment: Mapping[str, str], cwd: str) -> ProviderSpec:
    """The spec of a relay that runs the provider of `spec` on a cluster.

    Args:
        environment: The entry's own; the rest comes from the node.
        cwd: Working folder on the node.
    """
    options = RelayOptions(
        address=placement.address,
        num_cpus=placement.num_cpus,
        num_gpus=placement.num_gpus,
        resources=placement.resources,
        environment=dict(environment),
        cwd=cwd,
        room_s=max(spec.start_s - _ROOM_MARGIN_S, spec.start_s / 2),
    )
    rays_own = {name: value for name, value in os.environ.items() if name.startswith("RAY_")}
    return dataclasses.replace(
        spec,
        argv=(sys.executable, "-P", "-m", "vox.host.cluster.relay", "--", *spec.argv),
        environment=child_environment({VARIABLE: options.to_json(), **rays_own}),
    )
