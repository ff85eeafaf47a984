"""A small house as an IFC file, made with the library itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

#: Where the house stands, and how far its x axis is turned from the east.
EAST_M, NORTH_M, HEIGHT_M = 691_000.0, 5_334_000.0, 519.0
TURN_RAD = np.radians(30.0)
LENGTH_M, WIDTH_M, STOREY_M, THICK_M = 10.0, 6.0, 3.0, 0.25


def write_house(path: Path, *, georeferenced: bool = True, millimetres: bool = True) -> None:
    """Four walls, a slab with a colour, a space, property sets; IFC 4."""
    import ifcopenshell.api.aggregate
    import ifcopenshell.api.context
    import ifcopenshell.api.georeference
    import ifcopenshell.api.project
    import ifcopenshell.api.pset
    import ifcopenshell.api.root
    import ifcopenshell.api.spatial
    import ifcopenshell.api.style
    import ifcopenshell.api.unit

    api: Any = ifcopenshell.api
    model = api.project.create_file()
    project = api.root.create_entity(model, ifc_class="IfcProject", name="Test")
    length = api.unit.add_si_unit(
        model, unit_type="LENGTHUNIT", prefix="MILLI" if millimetres else None
    )
    api.unit.assign_unit(model, units=[length])
    context = api.context.add_context(model, context_type="Model")
    body = api.context.add_context(
        model, context_type="Model", context_identifier="Body", target_view="MODEL_VIEW",
        parent=context,
    )  # fmt: skip
    parents = [project]
    for ifc_class in ("IfcSite", "IfcBuilding", "IfcBuildingStorey"):
        one = api.root.create_entity(model, ifc_class=ifc_class, name=ifc_class[3:])
        api.aggregate.assign_object(model, products=[one], relating_object=parents[-1])
        parents.append(one)
    space = api.root.create_entity(model, ifc_class="IfcSpace", name="Living room")
    api.aggregate.assign_object(model, products=[space], relating_object=parents[-1])
    boxes = [
        ("IfcWall", "South", 0.0, 0.0, 0.0, LENGTH_M, THICK_M, STOREY_M),
        ("IfcWall", "North", 0.0, WIDTH_M - THICK_M, 0.0, LENGTH_M, THICK_M, STOREY_M),
        ("IfcWall", "West", 0.0, 0.0, 0.0, THICK_M, WIDTH_M, STOREY_M),
        ("IfcWall", "East", LENGTH_M - THICK_M, 0.0, 0.0, THICK_M, WIDTH_M, STOREY_M),
        ("IfcSlab", "Roof slab", 0.0, 0.0, STOREY_M, LENGTH_M, WIDTH_M, 0.2),
    ]
    for ifc_class, name, *numbers in boxes:
        element = api.root.create_entity(model, ifc_class=ifc_class, name=name)
        api.spatial.assign_container(model, products=[element], relating_structure=parents[-1])
        factor = 1000.0 if millimetres else 1.0
        representation = _box(model, body, [factor * number for number in numbers])
        element.Representation = model.createIfcProductDefinitionShape(
            Representations=[representation]
        )
        element.ObjectPlacement = model.createIfcLocalPlacement(None, _axes(model, (0.0, 0.0, 0.0)))
        pset = api.pset.add_pset(model, product=element, name="Pset_House")
        api.pset.edit_pset(
            model, pset=pset, properties={"FireRating": "F90", "Load": 2.5, "IsOuter": True}
        )
        if ifc_class == "IfcSlab":
            style = api.style.add_style(model, name="red")
            api.style.add_surface_style(
                model, style=style, ifc_class="IfcSurfaceStyleShading",
                attributes={"SurfaceColour": {"Name": None, "Red": 0.8, "Green": 0.2, "Blue": 0.1}},
            )  # fmt: skip
            api.style.assign_representation_styles(
                model, shape_representation=representation, styles=[style]
            )
    if georeferenced:
        api.georeference.add_georeferencing(model)
        api.georeference.edit_georeferencing(
            model,
            projected_crs={
                "Name": "EPSG:25832",
                "MapUnit": model.createIfcSIUnit(None, "LENGTHUNIT", None, "METRE"),
            },
            coordinate_operation={
                "Eastings": EAST_M, "Northings": NORTH_M, "OrthogonalHeight": HEIGHT_M,
                "XAxisAbscissa": float(np.cos(TURN_RAD)), "XAxisOrdinate": float(np.sin(TURN_RAD)),
                "Scale": 0.001 if millimetres else 1.0,
            },
        )  # fmt: skip
    model.write(str(path))


def _axes(model: Any, origin: tuple[float, float, float]) -> Any:
    return model.createIfcAxis2Placement3D(model.createIfcCartesianPoint(origin), None, None)


def _box(model: Any, context: Any, numbers: list[float]) -> Any:
    """An extruded rectangle with its lowest corner at x y z."""
    x, y, z, dx, dy, dz = numbers
    middle = model.createIfcAxis2Placement2D(
        model.createIfcCartesianPoint((x + dx / 2, y + dy / 2)), None
    )
    profile = model.createIfcRectangleProfileDef("AREA", None, middle, dx, dy)
    solid = model.createIfcExtrudedAreaSolid(
        profile, _axes(model, (0.0, 0.0, z)), model.createIfcDirection((0.0, 0.0, 1.0)), dz
    )
    return model.createIfcShapeRepresentation(context, "Body", "SweptSolid", [solid])
