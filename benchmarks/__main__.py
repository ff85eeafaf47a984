"""``python -m benchmarks [topic …]``: run the benchmarks, one JSON line a figure."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def topics() -> tuple[str, ...]:
    """Names of the modules ``bench_*`` without their prefix."""
    folder = [str(Path(__file__).parent)]
    names = (module.name for module in pkgutil.iter_modules(folder))
    return tuple(name.removeprefix("bench_") for name in names if name.startswith("bench_"))


def main(wanted: list[str]) -> int:
    """Run the wanted topics (all without arguments); 1 when a figure misses its limit."""
    unknown = sorted(set(wanted) - set(topics()))
    if unknown:
        print(f"No benchmark is called {', '.join(unknown)}; there are: {', '.join(topics())}")
        return 2
    n_missed = 0
    for topic in wanted or topics():
        for result in importlib.import_module(f"benchmarks.bench_{topic}").run():
            print(result.to_json(), flush=True)
            n_missed += not result.ok
    return 1 if n_missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
