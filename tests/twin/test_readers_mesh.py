"""Mesh files: features, axes, and the zip around them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
import trimesh

from twin.city.asset import Surface
from twin.city.bodies import body_of_faces
from twin.errors import ReadError
from twin.readers.base import ReadOptions, open_city


def box(x: float = 0.0) -> trimesh.Trimesh:
    made = trimesh.creation.box(extents=(10, 20, 30))
    made.apply_translation((x, 0, 15))
    return made


def exported(folder: Path, name: str, thing: trimesh.Trimesh | trimesh.Scene) -> Path:
    path = folder / name
    thing.export(path)
    return path


@pytest.mark.parametrize("suffix", ["obj", "ply", "stl"])
def test_bodies_of_a_lone_mesh_are_features(tmp_path: Path, suffix: str) -> None:
    both = trimesh.util.concatenate([box(), box(100)])
    asset = open_city(exported(tmp_path, f"two.{suffix}", both))
    assert asset.format == suffix.upper()
    assert asset.features.counts_by_kind() == {"Body": 2}
    assert asset.features.ids == ("body-1", "body-2")
    assert asset.soup.n_triangles == 24
    kinds = {warning.kind: warning.count for warning in asset.warnings}
    assert kinds == {"axes-assumed": 1, "features-from-bodies": 2, "no-crs": 1}
    size = np.ptp(asset.features.bounds_min_max_local_m[0].reshape(2, 3), axis=0)
    np.testing.assert_allclose(size, [10, 20, 30], atol=1e-4)
    counts = np.bincount(asset.soup.surfaces, minlength=3)
    assert counts[[Surface.WALL, Surface.ROOF, Surface.GROUND]].tolist() == [16, 4, 4]


@pytest.mark.parametrize("suffix", ["glb", "gltf"])
def test_gltf_is_turned_upright_and_named(tmp_path: Path, suffix: str) -> None:
    scene = trimesh.Scene()
    upright = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]])  # z-up to y-up
    for name, x in (("hall", 0.0), ("tower", 50.0)):
        scene.add_geometry(box(x), geom_name=name, node_name=name, transform=upright)
    path = exported(tmp_path, f"scene.{suffix}", scene) if suffix == "glb" else tmp_path / "s.gltf"
    if suffix == "gltf":
        for name, content in trimesh.exchange.gltf.export_gltf(scene).items():
            (tmp_path / ("s.gltf" if name == "model.gltf" else name)).write_bytes(content)
    asset = open_city(path)
    assert set(asset.features.ids) == {"hall", "tower"}
    assert asset.features.counts_by_kind() == {"Mesh": 2}
    bounds = asset.bounds_min_max_local_m()
    np.testing.assert_allclose(bounds[3:] - bounds[:3], [60, 20, 30], atol=1e-4)
    assert (asset.soup.surfaces == Surface.ROOF).sum() == 4
    corners = asset.soup.corners_local_m.astype(float)
    volume = np.einsum("tk,tk->t", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    assert volume == pytest.approx(12_000, rel=1e-4)  # all faces look outwards


def test_a_told_crs_is_taken(tmp_path: Path) -> None:
    asset = open_city(exported(tmp_path, "one.ply", box()), ReadOptions(crs="EPSG:28992"))
    assert asset.origin.crs == "EPSG:28992"


def test_real_glb(shared_data: Path) -> None:
    asset = open_city(shared_data / "gltf" / "VirtualCity.glb")
    assert asset.features.n_features == 167
    assert asset.soup.n_triangles == 8383


def test_points_alone_are_refused(tmp_path: Path) -> None:
    cloud = trimesh.PointCloud(np.random.default_rng(1).random((20, 3)))
    with pytest.raises(ReadError, match="no surface"):
        open_city(exported(tmp_path, "cloud.ply", cloud))


def test_faces_on_absent_points_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "odd.ply"
    path.write_text(
        "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\n"
        "property float z\nelement face 2\nproperty list uchar int vertex_indices\nend_header\n"
        "0 0 0\n1 0 0\n0 1 0\nnan 0 0\n3 0 1 2\n3 0 1 3\n"
    )
    asset = open_city(path)
    assert asset.soup.n_triangles == 1
    assert {w.kind: w.count for w in asset.warnings}["bad-face"] == 1


def test_bodies_are_found_across_repeated_vertices() -> None:
    mesh = trimesh.util.concatenate([box(), box(100), box(200)])
    loose = mesh.vertices[mesh.faces].reshape(-1, 3)
    faces = np.arange(len(loose)).reshape(-1, 3)
    np.testing.assert_array_equal(body_of_faces(loose, faces), np.repeat([0, 1, 2], 12))
    strip = np.column_stack([np.arange(2000), np.arange(2000) + 1, np.arange(2000) + 2])
    points = np.random.default_rng(2).random((2002, 3))
    assert not body_of_faces(points, strip).any()  # one long body, joined end to end


def test_a_mesh_in_a_zip(tmp_path: Path) -> None:
    inner = exported(tmp_path, "hall.ply", box())
    path = tmp_path / "hall.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(inner, "models/hall.ply")
        archive.writestr("readme.txt", "hello")
    asset = open_city(path)
    assert asset.format == "PLY"
    assert asset.warnings[0].message == "The city models/hall.ply inside the zip was opened"
    assert asset.path == path


def test_a_broken_city_in_a_zip_names_both(tmp_path: Path) -> None:
    path = tmp_path / "bad.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bad.city.json", '{"type": "CityJSON"')
    with pytest.raises(ReadError, match=r"bad\.city\.json inside the zip.*bad\.zip"):
        open_city(path)
