"""``civitwin inspect``: what a city file holds, as a table or as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from viewer.subcommand import Subcommand

if TYPE_CHECKING:
    from twin.city.scene_report import SourceReport

_EPILOG = """examples:
  civitwin inspect denhaag.city.json
  civitwin inspect vienna.city.jsonl --json
  civitwin inspect monaco/scene.toml
  civitwin inspect delft.city.jsonl --lod 1.2
  civitwin inspect vienna.city.jsonl --crs EPSG:31256"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of ``inspect``."""
    parser.add_argument(
        "file", type=Path, help="a city file of any known format, a scene.toml, or its folder"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--lod", default="", help="level of detail to take (default: the best)")
    parser.add_argument("--crs", default="", help="CRS to use when the file names none")


def run(arguments: argparse.Namespace) -> int:
    """Read the file and print what it holds."""
    report = inspected(arguments.file, lod=arguments.lod, crs=arguments.crs)
    if arguments.json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        print("\n".join(_table(report)))
    return 0


def inspected(path: Path, *, lod: str = "", crs: str = "") -> dict[str, Any]:
    """What a city file or a scene holds; a scene has ``sources`` in front.

    ``features`` counts city objects, ``surfaces`` the polygons of the level of detail drawn,
    ``bounds`` is (xmin, ymin, zmin, xmax, ymax, zmax) in the file's own CRS.

    Raises
    ------
    ReadError
        The file cannot be read as a city.
    """
    from twin.city.compose import compose
    from twin.city.scene_file import is_scene, load_scene
    from twin.readers.base import ReadOptions, open_city

    started = perf_counter()
    if is_scene(path):
        composed = compose(load_scene(path))
        asset, sources = composed.asset, {"sources": [_source(one) for one in composed.reports]}
    else:
        asset, sources = open_city(path, ReadOptions(lod=lod, crs=crs)), {}
    seconds = perf_counter() - started
    return sources | {
        "format": asset.format,
        "version": asset.version,
        "crs": asset.source_crs,
        "features": asset.features.n_features,
        "features_by_kind": asset.features.counts_by_kind(),
        "counts": dict(asset.counts) or asset.features.counts_by_kind(),
        "surfaces": asset.n_surfaces,
        "triangles": asset.soup.n_triangles,
        "lods": list(asset.lods),
        "attributes": sorted(asset.features.attributes),
        "bounds": [round(value, 6) for value in asset.source_bounds],
        "warnings": [
            {"kind": one.kind, "message": one.message, "count": one.count} for one in asset.warnings
        ],
        "seconds": round(seconds, 4),
        "peak_rss_mb": peak_rss_mb(),
    }


def _source(report: SourceReport) -> dict[str, Any]:
    return {
        "id": report.source.id,
        "format": report.format,
        "crs": report.crs or None,
        "features": report.end - report.first,
        "counts": dict(report.counts),
        "streamed": report.is_stream,
        "trouble": report.trouble,
    }


def peak_rss_mb() -> float | None:
    """Most memory this process ever held, in MiB; None where the system does not tell."""
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return round(int(line.split()[1]) / 1024, 1)
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)


def _table(report: dict[str, Any]) -> Iterator[str]:
    def line(name: str, value: object) -> str:
        return f"{name:<12} {value}"

    yield line("format", f"{report['format']} {report['version']}".strip())
    for one in report.get("sources", ()):
        held = ", ".join(f"{number:,} {name}" for name, number in one["counts"].items())
        yield line("source", f"{one['id']}: {one['trouble'] or one['format'] + ' · ' + held}")
    yield line("CRS", report["crs"] or "none (not georeferenced)")
    yield line("features", f"{report['features']:,}")
    for kind, count in sorted(report["features_by_kind"].items(), key=lambda one: -one[1]):
        yield line("", f"{count:>9,} {kind}")
    more = {k: n for k, n in report["counts"].items() if report["features_by_kind"].get(k) != n}
    for name, count in sorted(more.items(), key=lambda one: -one[1]):
        yield line("holds", f"{count:>9,} {name}")
    yield line("surfaces", f"{report['surfaces']:,}")
    yield line("triangles", f"{report['triangles']:,}")
    yield line("levels", ", ".join(report["lods"]) or "none named")
    yield line("bounds", "  ".join(f"{value:,.3f}" for value in report["bounds"]) or "unknown")
    yield line("attributes", ", ".join(report["attributes"]) or "none")
    for warning in report["warnings"]:
        yield line("warning", f"{warning['message']} ({warning['kind']} × {warning['count']:,})")
    memory = report["peak_rss_mb"]
    spent = f"{report['seconds']:.2f} s"
    yield line("read in", spent if memory is None else f"{spent}, {memory:,.0f} MiB at most")


SUBCOMMAND = Subcommand(
    id="inspect",
    help="Say what a city file holds, without opening a window",
    epilog=_EPILOG,
    add_arguments=add_arguments,
    run=run,
)
