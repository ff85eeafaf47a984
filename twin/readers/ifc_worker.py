"""Reads one IFC file in a process of its own, which may be ended at any time.

IfcOpenShell is native code that takes gigabytes, hours or the whole process with it on bad files;
see https://github.com/IfcOpenShell/IfcOpenShell/issues/6905, /867 and /1341. So it works here,
under a bound on memory, tells its progress on standard output and leaves arrays in a folder.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

#: Address space of the process, where the system can bound it.
MAX_MEMORY_BYTES = 6 << 30
#: What is no body in the city: holes, and the air between walls.
_BODILESS = ("IfcOpeningElement", "IfcSpace", "IfcAnnotation", "IfcGrid", "IfcVirtualElement")


@dataclass(slots=True)
class Table:
    """What the arrays belong to; written as JSON beside them.

    Attributes
    ----------
    east_north_height : translation of `Helmert`, metres; None = the file says nothing
    """

    schema: str = ""
    ids: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    attributes: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    colours: list[tuple[int, int, int, int]] = field(default_factory=list)
    crs: str = ""
    east_north_height: tuple[float, float, float] | None = None
    x_axis: tuple[float, float] = (1.0, 0.0)
    scale: float = 1.0
    site_lon_lat_height: tuple[float, float, float] | None = None
    true_north: tuple[float, float] = (0.0, 1.0)
    failed: int = 0


def main() -> None:
    """Arguments: the IFC file, and the folder for ``table.json`` and ``arrays.npz``."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _bound_memory()
    try:
        _work(Path(sys.argv[1]), Path(sys.argv[2]))
    except Exception as error:  # noqa: BLE001 - this process is the border
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        _say("error", reason)
        sys.exit(1)


def _work(source: Path, folder: Path) -> None:
    ifcopenshell = _module("ifcopenshell")
    model = ifcopenshell.open(str(source))
    if isinstance(model, ifcopenshell.sqlite):
        raise ValueError("it is a database, not an IFC file")  # noqa: TRY004
    _say("progress", "0.2")
    table = Table(schema=str(model.schema))
    _place(model, table)
    rows = _take_products(model, table)
    _say("progress", "0.4")
    arrays = _take_bodies(model, rows, table)
    np.savez(folder / "arrays.npz", **arrays)
    (folder / "table.json").write_bytes(msgspec.json.encode(asdict(table)))
    _say("progress", "1.0")


def _take_products(model: Any, table: Table) -> dict[int, int]:
    """Rows of the feature table: every product but holes; gives the row of each step id."""
    element = _module("ifcopenshell.util.element")
    rows: dict[int, int] = {}
    products = [one for one in model.by_type("IfcProduct") if not one.is_a("IfcOpeningElement")]
    for product in products:
        rows[product.id()] = len(table.ids)
        kind = product.is_a()
        table.ids.append(str(product.GlobalId))
        table.kinds.append(kind)
        table.counts[kind] = table.counts.get(kind, 0) + 1
        attributes = {"name": product.Name, "description": product.Description}
        for set_name, properties in element.get_psets(product).items():
            for name, value in properties.items():
                if name != "id":
                    attributes[f"{set_name}.{name}"] = _plain(value)
        table.attributes.append({k: v for k, v in attributes.items() if v is not None})
    for product in products:
        parent = element.get_parent(product)
        table.parents.append(-1 if parent is None else rows.get(parent.id(), -1))
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, int | float | str) or value is None else str(value)


def _take_bodies(model: Any, rows: dict[int, int], table: Table) -> dict[str, Any]:
    """Corners (T, 3, 3) in metres, rows (T,) and colour numbers (T,) of all triangles."""
    geom = _module("ifcopenshell.geom")
    settings = geom.settings()
    settings.set("use-world-coords", True)
    settings.set("apply-default-materials", False)
    wanted = [
        one
        for one in model.by_type("IfcProduct")
        if one.Representation and not any(one.is_a(name) for name in _BODILESS)
    ]
    corners, features, colours = [], [], []
    if wanted:
        iterator = geom.iterator(settings, model, 1, include=wanted)
        n_shown = 0
        running = iterator.initialize()
        while running:
            shape = iterator.get()
            row = rows.get(shape.id, -1)
            body = shape.geometry
            points = np.array(body.verts, dtype=np.float64).reshape(-1, 3)
            faces = np.array(body.faces, dtype=np.int64).reshape(-1, 3)
            if row >= 0 and len(faces):
                corners.append(points[faces])
                features.append(np.full(len(faces), row, np.int32))
                colours.append(_colours_of(body, len(faces), table))
            n_shown += 1
            _say("progress", f"{0.4 + 0.6 * n_shown / len(wanted):.3f}")
            running = iterator.next()
        table.failed = len(wanted) - n_shown
    return {
        "corners": np.concatenate(corners) if corners else np.empty((0, 3, 3)),
        "features": np.concatenate(features) if features else np.empty(0, np.int32),
        "colours": np.concatenate(colours) if colours else np.empty(0, np.int32),
    }


def _colours_of(body: Any, n_faces: int, table: Table) -> Any:
    """(T,) number of each face's colour, -1 for none."""
    numbers = [_number(style, table) for style in body.materials]
    chosen = np.array(body.material_ids, dtype=np.int64)
    if len(chosen) != n_faces or not numbers:
        return np.full(n_faces, -1, np.int32)
    known = np.array([*numbers, -1], dtype=np.int32)
    return known[np.where((chosen >= 0) & (chosen < len(numbers)), chosen, len(numbers))]


def _number(style: Any, table: Table) -> int:
    diffuse = style.diffuse
    parts = [diffuse.r(), diffuse.g(), diffuse.b(), 1.0]
    if not np.isfinite(parts).all():
        return -1
    rgba = tuple(round(255 * min(1.0, max(0.0, part))) for part in parts)
    found = (rgba[0], rgba[1], rgba[2], rgba[3])
    if found not in table.colours:
        table.colours.append(found)
    return table.colours.index(found)


def _place(model: Any, table: Table) -> None:
    """Where the model stands: a map conversion, else the site's latitude and longitude."""
    location = _module("ifcopenshell.util.geolocation")
    unit_m = float(_module("ifcopenshell.util.unit").calculate_unit_scale(model))
    crs = location.get_crs(model) or {}
    helmert = location.get_helmert_transformation_parameters(model)
    if helmert is not None and crs.get("Name"):
        map_unit_m = _map_unit_m(crs.get("MapUnit"), unit_m)
        table.crs = str(crs["Name"])
        table.east_north_height = (
            helmert.e * map_unit_m, helmert.n * map_unit_m, helmert.h * map_unit_m,
        )  # fmt: skip
        table.x_axis = (float(helmert.xaa), float(helmert.xao))
        table.scale = float(helmert.scale) * map_unit_m / unit_m
        return
    for site in model.by_type("IfcSite"):
        latitude, longitude = site.RefLatitude, site.RefLongitude
        if latitude and longitude:
            height_m = float(site.RefElevation or 0.0) * unit_m
            table.site_lon_lat_height = (
                float(location.dms2dd(*longitude)), float(location.dms2dd(*latitude)), height_m,
            )  # fmt: skip
            table.true_north = _true_north(model)
            return


def _true_north(model: Any) -> tuple[float, float]:
    """Where the north is in the model's own plane; along y where the file says nothing."""
    for context in model.by_type("IfcGeometricRepresentationContext", include_subtypes=False):
        if context.TrueNorth is not None:
            x, y = context.TrueNorth.DirectionRatios[:2]
            return float(x), float(y)
    return 0.0, 1.0


def _map_unit_m(unit: Any, default_m: float) -> float:
    """Metres in one unit of the map; a file that names none means that of the project."""
    if unit is None or isinstance(unit, str):
        return {"METRE": 1.0, "FOOT": 0.3048}.get(str(unit).upper(), default_m)
    if unit.is_a("IfcConversionBasedUnit"):
        return float(unit.ConversionFactor.ValueComponent.wrappedValue)
    unit_names = _module("ifcopenshell.util.unit")
    return float(unit_names.get_prefix_multiplier(getattr(unit, "Prefix", None)))


def _module(name: str) -> Any:
    """A module of the library, whose own types do not hold."""
    return importlib.import_module(name)


def _say(word: str, text: str) -> None:
    sys.stdout.write(f"{word} {text}\n")
    sys.stdout.flush()


def _bound_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows bounds nothing here
        return
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))


def _end_with_parent() -> None:
    """The parent holds the other end of standard input; when it goes, so does this process."""
    while os.read(0, 4096):  # unbuffered: a lock held here would break the interpreter's end
        pass
    os._exit(2)


if __name__ == "__main__":
    main()
