"""A Ray cluster of two nodes on this machine, and a daemon that uses it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.conftest import Daemon, daemon_in, no_runtime_dir_of_the_user, recording, scripted

__all__ = ["no_runtime_dir_of_the_user", "recording"]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Any]:
    """Two nodes with one processor each; a test that kills the second one starts another."""
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    found = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        found.add_node(num_cpus=1, resources={"second": 2})
        yield found
    finally:
        found.shutdown()


@pytest.fixture
def placed(cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon, not started, with room in its home for the pid files of providers."""
    with daemon_in(tmp_path_factory.mktemp("d") / "home") as daemon:
        yield daemon


def on_ray(cluster: Any, pids: Path, **fields: Any) -> dict[str, Any]:
    """An entry that runs the scripted provider on the cluster."""
    pids.mkdir(exist_ok=True)
    spec = {"models": [{"id": "ear:1", "installed": True}], "pids": str(pids)}
    placement = {"address": cluster.address, **fields.pop("ray", {})}
    return scripted("ear", spec, placement={"ray": placement}, **fields)


def pids_in(folder: Path) -> set[int]:
    """The processes of the providers that have started so far."""
    return {int(name) for name in os.listdir(folder)}
