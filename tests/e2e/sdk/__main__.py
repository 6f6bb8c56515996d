"""Run every scenario with the client of this interpreter, whatever its version:

    python -m tests.e2e.sdk ADDRESS KEY SECRET FOLDER

Each prints a line of JSON: its name, and what went wrong, or null.
"""

import json
import sys
import traceback
from pathlib import Path

from tests.e2e.sdk import beta_scenarios, realtime_scenarios, rest_scenarios
from tests.e2e.sdk.place import Place

MODULES = {"rest": rest_scenarios, "realtime": realtime_scenarios, "beta": beta_scenarios}


def main() -> None:
    address, key, secret, folder = sys.argv[1:]
    place = Place(address, key, secret, Path(folder))
    for kind, module in MODULES.items():
        for scenario in module.SCENARIOS:
            wrong = None
            try:
                scenario(place)
            except Exception:
                wrong = traceback.format_exc()
            print(json.dumps({"scenario": f"{kind} {scenario.__name__}", "wrong": wrong}), flush=True)


if __name__ == "__main__":
    main()
