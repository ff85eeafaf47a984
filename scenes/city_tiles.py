"""The tiles of a city that was read whole, as actors."""

from __future__ import annotations

from collections.abc import Sequence

from vtkmodules.vtkCommonDataModel import vtkDataObject, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper, vtkRenderer

from scenes.surface_look import SurfaceLook


class CityTiles:
    """Draws tiles unlit: (surface shade or feature colour) x baked light. GUI thread."""

    def __init__(
        self, renderer: vtkRenderer, look: SurfaceLook, meshes: Sequence[vtkPolyData]
    ) -> None:
        self._renderer = renderer
        self._actors = [face_actor(look, mesh) for mesh in meshes]
        for actor in self._actors:
            renderer.AddActor(actor)

    def set_visible(self, visible: bool) -> None:
        """Show or hide the whole city."""
        for actor in self._actors:
            actor.SetVisibility(visible)

    def dispose(self) -> None:
        """Take all actors out of the renderer."""
        for actor in self._actors:
            self._renderer.RemoveActor(actor)
        self._actors = []


def face_actor(look: SurfaceLook, mesh: vtkPolyData) -> vtkActor:
    """An actor of faces with the arrays ``feature`` and ``codeLight`` on their points."""
    actor = _styled_actor(mesh)
    actor.SetProperty(look.surface_property)
    actor.SetShaderProperty(look.surface_shader)
    return actor


def edge_actor(look: SurfaceLook, mesh: vtkPolyData) -> vtkActor:
    """The same for edge lines, which nothing picks."""
    actor = _styled_actor(mesh)
    actor.SetProperty(look.edge_property)
    actor.SetShaderProperty(look.edge_shader)
    actor.PickableOff()
    return actor


def _styled_actor(mesh: vtkPolyData) -> vtkActor:
    mapper = vtkPolyDataMapper()
    mapper.SetInputData(mesh)
    mapper.ScalarVisibilityOff()
    mapper.StaticOn()
    mapper.SetVBOShiftScaleMethod(0)  # shader parts take ``vertexMC`` as local metres
    points = vtkDataObject.FIELD_ASSOCIATION_POINTS
    for name in ("feature", "codeLight"):
        mapper.MapDataArrayToVertexAttribute(name, name, points, -1)
    actor = vtkActor()
    actor.SetMapper(mapper)
    return actor
