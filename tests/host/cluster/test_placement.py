"""From an entry with a placement to the relay that is run for it, and what the relay says without a cluster."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from vox.config.placement import RayPlacement
from vox.host.cluster.options import VARIABLE, RelayOptions
from vox.host.cluster.placement import on_ray
from vox.host.supervisor import ProviderSpec

SPEC = ProviderSpec("ear", ("python3", "ear.py"), {"PATH": "/bin", "KEY": "secret"}, Path("/"), start_s=30)


def test_the_relay_gets_the_entrys_own_environment_and_what_is_rays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "1.2.3.4:6379")
    placement = RayPlacement(num_gpus=0.25, resources={"fast": 1})
    spec = on_ray(SPEC, placement, {"KEY": "secret"}, "/there")
    assert spec.argv == (sys.executable, "-P", "-m", "vox.host.cluster.relay", "--", "python3", "ear.py")
    assert spec.environment["RAY_ADDRESS"] == "1.2.3.4:6379" and "KEY" not in spec.environment
    assert RelayOptions.from_json(spec.environment[VARIABLE]) == RelayOptions(
        address="auto",
        num_cpus=1.0,
        num_gpus=0.25,
        resources={"fast": 1.0},
        environment={"KEY": "secret"},
        cwd="/there",
        room_s=28.0,
    )
    assert (spec.id, spec.folder, spec.start_s) == (SPEC.id, SPEC.folder, SPEC.start_s)


@pytest.mark.parametrize(("start_s", "room_s"), [(3.0, 1.5), (4.0, 2.0), (20.0, 18.0)])
def test_there_is_time_left_to_say_that_there_was_no_room(start_s: float, room_s: float) -> None:
    spec = on_ray(ProviderSpec("ear", ("x",), {}, Path("/"), start_s=start_s), RayPlacement(), {}, "/")
    assert RelayOptions.from_json(spec.environment[VARIABLE]).room_s == room_s


ALONE = """
import runpy, sys
sys.modules["ray"] = None
sys.argv = ["relay", "--", "x"]
runpy.run_module("vox.host.cluster.relay", run_name="__main__")
"""


def test_without_ray_the_relay_names_the_extra() -> None:
    spec = on_ray(SPEC, RayPlacement(), {}, "/")
    done = subprocess.run(
        [sys.executable, "-c", ALONE],
        env={**os.environ, **spec.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr == 'Ray is not installed here: pip install "voxhost[ray]"\n'
