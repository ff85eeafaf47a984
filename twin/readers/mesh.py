"""Mesh files (OBJ, PLY, STL, glTF) through trimesh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twin.arrays import Float64Array, Int32Array, Int64Array
from twin.city.asset import CityAsset, FeatureTable, TriangleSoup
from twin.city.bodies import body_of_faces
from twin.city.kinds import BY_NORMAL, with_normals
from twin.city.names import UniqueNames
from twin.city.placing import place
from twin.city.soup import feature_bounds
from twin.city.tally import Tally
from twin.errors import ReadError
from twin.readers.base import Progress, ReaderType, ReadOptions
from twin.readers.border import reading

_ID = "mesh"
_FORMATS = {".obj": "OBJ", ".ply": "PLY", ".stl": "STL", ".glb": "GLB", ".gltf": "glTF"}
_Y_UP = (".glb", ".gltf")
_MAGIC = {b"glTF": ".glb", b"ply\n": ".ply", b"ply\r": ".ply"}
#: A lone mesh of more bodies than this stays one feature.
MAX_BODIES = 100_000
#: Triangles over all uses of all meshes.
MAX_TRIANGLES = 20_000_000


@dataclass(frozen=True, slots=True)
class _Mesh:
    """One use of a mesh: its name, and vertices (V, 3) and faces (F, 3) in the file's frame."""

    name: str
    vertices: Float64Array
    faces: Int64Array


def read(path: Path, options: ReadOptions, progress: Progress) -> CityAsset:
    """Read a mesh file. Any thread.

    Each named mesh becomes a feature; the connected bodies do when there is only one mesh.

    Raises
    ------
    ReadError
        It is broken, or holds no triangle.
    """
    tally = Tally()
    with reading(path, _ID):
        suffix = _suffix(path)
        meshes = _meshes(path, suffix, tally)
        progress(0.5)
        if not meshes:
            raise ReadError("The file holds no surface to draw", path=path, reader_id=_ID)
        if suffix in _Y_UP:
            meshes = [_z_up(mesh) for mesh in meshes]
        else:
            tally.add("axes-assumed", "The format does not say what is up; z is taken")
        asset = _asset(path, suffix, meshes, options, tally)
    progress(1.0)
    return asset


def _suffix(path: Path) -> str:
    with path.open("rb") as stream:
        magic = stream.read(4)
    return _MAGIC.get(magic, path.suffix.lower())


def _meshes(path: Path, suffix: str, tally: Tally) -> list[_Mesh]:
    scene = _loaded(path, suffix)
    meshes: list[_Mesh] = []
    n_triangles = 0
    for node in scene.graph.nodes_geometry:
        matrix, name = scene.graph[node]
        geometry = scene.geometry[name]
        faces = np.asarray(getattr(geometry, "faces", ()), dtype=np.int64)
        if not len(faces):
            tally.add("points-lines", "Points and lines are not drawn")
            continue
        n_triangles += len(faces)
        if n_triangles > MAX_TRIANGLES:
            raise ReadError(
                f"The file makes over {MAX_TRIANGLES:,} triangles; split it",
                path=path,
                reader_id=_ID,
            )
        vertices = np.asarray(geometry.vertices, dtype=np.float64)
        matrix = np.asarray(matrix, dtype=np.float64)
        vertices = vertices @ matrix[:3, :3].T + matrix[:3, 3]
        faces = _sound(faces, vertices, tally)
        if np.linalg.det(matrix[:3, :3]) < 0:
            faces = faces[:, ::-1]
        if len(faces):
            meshes.append(_Mesh(str(name), vertices, faces))
    return meshes


def _loaded(path: Path, suffix: str) -> Any:
    """The trimesh scene; whatever trimesh raises is the file's fault."""
    import trimesh

    options: dict[str, Any] = {"process": False}
    if suffix == ".obj":
        options |= {"skip_materials": True, "split_objects": True, "group_material": False}
    try:
        return trimesh.load_scene(path, file_type=suffix.removeprefix("."), **options)
    except MemoryError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())[:120] or "it contradicts itself"
        raise ReadError(
            f"The file is no sound {_FORMATS.get(suffix, 'mesh')} ({reason})",
            path=path,
            reader_id=_ID,
        ) from error


def _sound(faces: Int64Array, vertices: Float64Array, tally: Tally) -> Int64Array:
    """The faces whose corners exist and are finite."""
    inside = ((faces >= 0) & (faces < len(vertices))).all(axis=1)
    finite = np.isfinite(vertices.sum(axis=1))
    sound: Int64Array = faces[inside]
    sound = sound[finite[sound].all(axis=1)]
    tally.add(
        "bad-face", "Faces on absent or infinite points were left out", len(faces) - len(sound)
    )
    return sound


def _z_up(mesh: _Mesh) -> _Mesh:
    """GlTF is y-up by its specification: (x, y, z) becomes (x, -z, y)."""
    x, y, z = mesh.vertices.T
    return _Mesh(mesh.name, np.column_stack([x, -z, y]), mesh.faces)


def _asset(
    path: Path, suffix: str, meshes: list[_Mesh], options: ReadOptions, tally: Tally
) -> CityAsset:
    counts = [len(mesh.faces) for mesh in meshes]
    corners = np.concatenate([mesh.vertices[mesh.faces] for mesh in meshes])
    if len(meshes) == 1:
        features, ids, kind = _bodies(meshes[0], tally)
    else:
        features = np.repeat(np.arange(len(meshes)), counts)
        ids, kind = _unique_names(meshes), "Mesh"
    placed = place(corners.reshape(-1, 3), "", tally, chosen_crs=options.crs)
    order = np.argsort(features, kind="stable")
    local = placed.xyz_local_m.reshape(-1, 3, 3)[order]
    rows: Int32Array = features[order].astype(np.int32)
    soup = TriangleSoup(
        corners_local_m=local,
        features=rows,
        surfaces=with_normals(np.full(len(local), BY_NORMAL, np.uint8), _normals(local)),
    )
    table = FeatureTable(
        ids=ids,
        kind_names=(kind,),
        kind_codes=np.zeros(len(ids), dtype=np.uint16),
        parents=np.full(len(ids), -1, dtype=np.int32),
        bounds_min_max_local_m=feature_bounds(local.reshape(-1, 3), np.repeat(rows, 3), len(ids)),
    )
    return CityAsset(
        title=path.name.split(".")[0],
        format=_FORMATS.get(suffix, suffix),
        version="2.0" if suffix in _Y_UP else "",
        origin=placed.origin,
        features=table,
        soup=soup,
        n_surfaces=len(local),
        warnings=tally.warnings(),
        path=path,
        source_crs=placed.source_crs,
        source_bounds=placed.source_bounds,
    )


def _normals(corners: Any) -> Float64Array:
    """Unit normals (T, 3) of triangles (T, 3, 3)."""
    sides = corners.astype(np.float64)
    crosses = np.cross(sides[:, 1] - sides[:, 0], sides[:, 2] - sides[:, 0])
    lengths = np.linalg.norm(crosses, axis=1, keepdims=True)
    normals: Float64Array = crosses / np.where(lengths > 0, lengths, 1.0)
    return normals


def _bodies(mesh: _Mesh, tally: Tally) -> tuple[Int64Array, tuple[str, ...], str]:
    """Features of a lone mesh: its connected bodies."""
    bodies = body_of_faces(mesh.vertices, mesh.faces)
    n_bodies = int(bodies.max()) + 1
    if n_bodies > MAX_BODIES:
        tally.add("one-feature", "The mesh falls into too many bodies; it is one feature", n_bodies)
        return np.zeros(len(bodies), dtype=np.int64), (mesh.name,), "Mesh"
    if n_bodies > 1:
        tally.add(
            "features-from-bodies",
            "The file holds one mesh; its connected bodies are the features",
            n_bodies,
        )
    return bodies, tuple(f"body-{number + 1}" for number in range(n_bodies)), "Body"


def _unique_names(meshes: list[_Mesh]) -> tuple[str, ...]:
    names = UniqueNames()
    return tuple(names.take(mesh.name) for mesh in meshes)


def sniff(path: Path, head: bytes) -> bool:
    """Whether the name or the first bytes are those of a mesh file."""
    return path.suffix.lower() in _FORMATS or head[:4] in _MAGIC


READER = ReaderType(
    id=_ID,
    title="Mesh (OBJ, PLY, STL, glTF)",
    suffixes=tuple(sorted(_FORMATS, key=lambda suffix: -len(suffix))),
    sniff=sniff,
    read=read,
    priority=40,
)
