"""A city that is loaded piece by piece does what a city that was read whole does."""

import threading
import time
from dataclasses import dataclass, replace

import numpy as np
import pytest

from benchmarks.box_stream import BoxStream
from scenes.city_scene import CityScene
from scenes.scene_input import NothingSelected, SceneInput
from scenes.shader_part import ShaderPart
from scenes.stage import empty_city
from scenes.streamed_tiles import UPLOAD_BYTES_PER_MS, UPLOAD_MS
from scenes.style_texture import Alpha
from tests.scenes.streamed_rig import ELSEWHERE, STREET, settle
from tests.twin.box_city import city_of_boxes
from twin.city.residents import resident_city
from twin.theme import load_theme
from twin.tiles.budget import MIB


@dataclass(frozen=True)
class Selected(NothingSelected):
    features: tuple[int, ...] = ()


def features_of(scene):
    return scene.streamed.streamer.residents


def picked_building(scene):
    for x, y in ((200, 150), (215, 160), (190, 170), (230, 180), (180, 140)):
        pick = scene.pick(x, y)
        if pick is not None and pick.feature >= 0:
            return pick
    raise AssertionError("There is no building in the middle of the picture")


def test_a_streamed_city_is_drawn_picked_and_then_at_rest(streamed, target):
    scene = streamed()
    settle(scene, target)
    assert len(np.unique(target.pixels().reshape(-1, 3), axis=0)) > 5
    scene.camera.set_pose(STREET)
    settle(scene, target)
    pick = picked_building(scene)
    features = features_of(scene)
    assert features.ids[pick.feature].startswith("b")
    bounds = features.bounds_min_max_local_m[pick.feature]
    low, high = bounds[:3] - 0.1, bounds[3:] + 0.1
    assert np.all((low <= pick.xyz_local_m) & (np.array(pick.xyz_local_m) <= high))
    assert features.attributes_of(pick.feature)["use"] in ("flats", "offices")
    assert not any(scene.update(SceneInput()) for _ in range(5))


def test_home_shows_the_whole_of_it_and_the_ground_is_where_the_tiles_say(streamed, target):
    source = BoxStream(3)
    scene = streamed(source)
    settle(scene, target)
    half = source.size_m / 2
    for x in (-half, half):
        for y in (-half, half):
            px, py = scene.pixel_from_local((x, y, 0.0))
            assert -1 <= px <= 401
            assert -1 <= py <= 301
    assert scene._stage.ground_z_m == pytest.approx(-0.12, abs=0.01)


def test_the_selection_is_marked_in_every_tile_and_survives_the_loss_of_its_tile(streamed, target):
    scene = streamed(BoxStream(4), memory_bytes=40 * MIB)
    scene.camera.set_pose(STREET)
    settle(scene, target)
    features = features_of(scene)
    row = features.row_of("b256-256")  # the corner of a block of every coarser tile too
    assert len(features.rows_of("b256-256")) > 1
    given = SceneInput(selection=Selected(feature=row))
    settle(scene, target, given)
    style = scene._stage.style
    accent = style.colour_of(row)
    assert accent[3] == Alpha.DATA
    assert all(style.colour_of(int(r)) == accent for r in features.rows_of("b256-256"))
    for pose in (ELSEWHERE, replace(STREET, focal_m=(-2500.0, -2500.0, 5.0)),
                 replace(STREET, focal_m=(2500.0, -2500.0, 5.0)),
                 replace(STREET, focal_m=(-2500.0, 2500.0, 5.0))):  # fmt: skip
        scene.camera.set_pose(pose)
        settle(scene, target, given)
    assert features.ids[row] == "b256-256"
    assert features.attributes_of(row)["height"] > 0
    scene.camera.set_pose(STREET)
    settle(scene, target, given)
    assert all(style.colour_of(int(r)) == accent for r in features.rows_of("b256-256"))
    settle(scene, target, SceneInput())
    assert all(style.colour_of(int(r)) != accent for r in features.rows_of("b256-256"))


def test_tiles_are_coloured_before_they_are_first_drawn(streamed, target):
    scene = streamed(BoxStream(4))
    given = SceneInput(colour_by="height")
    uncoloured = []

    def each():
        features, style = features_of(scene), scene._stage.style
        for node in scene.streamed.cut.drawn.tolist():
            tile = scene.streamed.streamer.loaded.get(node)
            if tile is not None and style.colour_of(tile.rows.first)[3] != Alpha.DATA:
                uncoloured.append(features.ids[tile.rows.first])

    for pose in (STREET, ELSEWHERE):
        scene.camera.set_pose(pose)
        settle(scene, target, given, each)
    assert uncoloured == []
    assert (scene.legend.vmin, scene.legend.vmax) == (0.0, 40.0)  # round: seldom moves


def test_classes_keep_their_colours_while_tiles_come_and_go(streamed, target):
    scene = streamed(BoxStream(4))
    given = SceneInput(colour_by="use")
    settle(scene, target, given)
    first = dict(scene.legend.classes)
    scene.camera.set_pose(STREET)
    settle(scene, target, given)
    assert {word: dict(scene.legend.classes)[word] for word in first} == first
    features, style = features_of(scene), scene._stage.style
    for row in range(0, features.n_features, 997):
        if features.ids[row]:
            word = features.attributes["use"][row]
            assert style.colour_of(row)[:3] == dict(scene.legend.classes)[word]


def test_ends_come_from_the_source_where_it_tells_them(streamed, target):
    class Table:
        columns = ()

        def attributes_of(self, row):
            return {}

        def statistics(self, column):
            return (0.0, 250.0)

    scene = streamed()
    features_of(scene).set_table("boxes", Table())
    settle(scene, target, SceneInput(colour_by="height"))
    assert (scene.legend.vmin, scene.legend.vmax) == (0.0, 250.0)


def test_rays_go_through_hidden_features(streamed, target):
    scene = streamed()
    scene.camera.set_pose(STREET)
    settle(scene, target)
    pick = picked_building(scene)
    x, y = scene.pixel_from_local(pick.xyz_local_m)
    assert scene.pick(x, y).feature == pick.feature
    hidden = np.zeros(features_of(scene).n_features, bool)
    hidden[pick.feature] = True
    scene.set_hidden_features(hidden)
    scene.update(SceneInput())
    assert scene.pick(x, y).feature != pick.feature


def test_zooming_in_never_shows_a_hole(streamed, target):
    scene = streamed(BoxStream(5, edges=False, slow_s=0.002))
    settle(scene, target)
    ground = np.array(target.pixels()[2, 2], int)
    bare = []

    def each():
        # From straight above three quarters of the ground are roofs: none = a hole.
        middle = target.pixels()[60:240, 80:320].reshape(-1, 3).astype(int)
        bare.append(float((np.abs(middle - ground).sum(axis=1) < 30).mean()))

    for distance in (6000.0, 3000.0, 1200.0, 500.0):
        scene.camera.fly_to((13.0, 7.0, 0.0), distance, elevation_rad=1.5, animated=False)
        settle(scene, target, each=each)
    assert len(bare) > 8
    assert max(bare) < 0.75


def test_a_frame_uploads_no_more_than_it_has_time_for_while_the_camera_moves(streamed, target):
    scene = streamed(BoxStream(5, edges=False))
    settle(scene, target)
    assert scene.streamed._was_complete
    scene.camera.set_pose(replace(STREET, distance_m=1500.0))
    uploads, seen = [], set()

    def each():
        shown = scene.streamed._shown
        uploads.append(sum(shown[n].content.upload_bytes for n in shown.keys() - seen))
        seen.update(shown)
        if not scene.is_settled:
            scene.camera.set_pose(replace(STREET, distance_m=1500.0 - len(uploads)))

    seen.update(scene.streamed._shown)
    settle(scene, target, each=each)
    largest = max(shown.content.upload_bytes for shown in scene.streamed._shown.values())
    assert sum(uploads) > 3 * largest
    assert max(uploads) <= UPLOAD_MS * UPLOAD_BYTES_PER_MS + largest


def test_the_first_picture_waits_for_more_tiles_and_then_is_complete(streamed, target):
    scene = streamed(BoxStream(4, edges=False))
    scene.camera.set_pose(replace(STREET, distance_m=1500.0))
    drawn = []
    settle(scene, target, each=lambda: drawn.append(scene.streamed.figures.n_drawn))
    n_tiles = drawn[-1]
    assert n_tiles >= 6
    assert len(drawn) < n_tiles  # not a frame for each tile that came
    assert len(scene.streamed._shown) >= n_tiles


def test_the_memory_limit_holds_with_graphics_and_what_was_read_whole(streamed, target):
    whole = city_of_boxes(20, 20)
    scene = streamed(BoxStream(5), whole=whole, memory_bytes=48 * MIB)
    used = []
    for pose in (STREET, ELSEWHERE, STREET):
        scene.camera.set_pose(pose)
        settle(scene, target, each=lambda: used.append(scene.budget.used_bytes))
    assert max(used) <= 48 * MIB
    assert scene.budget.held["city read whole"] > 0
    assert scene.streamed.figures.is_short


def test_what_was_read_whole_and_what_is_streamed_stand_beside_each_other(streamed, target):
    whole = city_of_boxes()
    scene = streamed(whole=whole)
    scene.camera.fly_to((0.0, 0.0, 0.0), 300.0, elevation_rad=1.5, animated=False)
    settle(scene, target)
    features = features_of(scene)
    assert list(features.ids[:9]) == list(whole.features.ids)
    found = {scene.pick(x, y).feature < 9 for x in range(20, 400, 30) for y in range(20, 300, 30)}
    assert found == {True, False}


def test_a_part_of_the_shader_outlives_theme_and_city_and_draws_streamed_tiles(streamed, target):
    scene = streamed()
    scene._stage.add_shader_part(
        ShaderPart(id="red", fragment="ambientColor = vec3(1.0, 0.0, 0.0);\n")
    )
    scene.camera.set_pose(STREET)
    scene.set_layer_state("buildings", replace(scene.layer_state("buildings"), edges=False))
    settle(scene, target)
    for change in (lambda: None, lambda: scene.set_theme(load_theme("dark"))):
        change()
        settle(scene, target)
        pixels = target.pixels().reshape(-1, 3)
        assert (pixels == (255, 0, 0)).all(axis=1).mean() > 0.3
    scene._stage.drop_shader_part("red")
    settle(scene, target)
    assert not (target.pixels().reshape(-1, 3) == (255, 0, 0)).all(axis=1).any()


def test_a_new_uniform_draws_the_kept_picture_anew(streamed, target):
    scene = streamed()
    part = ShaderPart(
        id="tint",
        fragment_inputs="uniform float tintRed;\n",
        fragment="ambientColor = vec3(tintRed, 0.0, 0.0);\n",
    )
    scene._stage.surface_shader.GetFragmentCustomUniforms().SetUniformf("tintRed", 1.0)
    scene._stage.add_shader_part(part)
    scene.camera.set_pose(STREET)
    settle(scene, target)
    for _ in range(3):
        scene.update(SceneInput())
        target.render()
    scene._stage.surface_shader.GetFragmentCustomUniforms().SetUniformf("tintRed", 0.2)
    scene.update(SceneInput())
    target.render()
    pixels = target.pixels().reshape(-1, 3)
    assert not (pixels == (255, 0, 0)).all(axis=1).any()


def test_why_this_tile_says_level_error_and_memory(streamed, target):
    scene = streamed()
    scene.camera.set_pose(STREET)
    settle(scene, target)
    plain = target.pixels().astype(int)
    scene.set_layer_visible("tile_debug", True)
    scene.update(SceneInput())
    target.render()
    assert (np.abs(target.pixels().astype(int) - plain).sum(axis=2) > 60).mean() > 0.01
    from scenes.layers.tile_debug import figure_lines, tile_text

    lines = figure_lines(scene.streamed)
    assert any("of 2,048 MiB" in line for line in lines)
    node = int(scene.streamed.cut.drawn[0])
    level = int(scene.streamed.streamer.tree.level[node])
    assert tile_text(scene.streamed, node, 3.0, 16.0).startswith(f"L{level}  3 px  10.2 k")


def test_a_slow_moving_city_loses_edges_and_detail_and_gets_them_back_at_rest(streamed, target):
    scene = streamed(BoxStream(5))
    pose = replace(STREET, distance_m=900.0)
    scene.camera.set_pose(pose)
    settle(scene, target)
    full = scene.streamed.figures.n_triangles
    for step in range(30):
        scene.camera.set_pose(replace(pose, azimuth_rad=0.4 + 0.001 * step))
        scene.update(SceneInput())
        target.render()
        scene.note_frame(300.0)
    assert scene.governor.coarser > 2.0
    assert scene.streamed.figures.n_triangles < full
    assert not scene._stage.draws_edges
    limit = time.monotonic() + 10
    while scene.governor.is_moving and time.monotonic() < limit:
        scene.update(SceneInput())
        time.sleep(0.005)
    settle(scene, target)
    assert scene._stage.draws_edges
    assert scene.streamed.figures.n_triangles > 0.9 * full


def test_a_city_without_a_live_table_is_refused(target):
    scene = CityScene(target.renderer, theme=load_theme("light"))
    with pytest.raises(TypeError, match="resident_city"):
        scene.set_city(empty_city(), (), (BoxStream(2),))
    scene.dispose()


def test_dispose_ends_the_workers_and_closes_the_source(target):
    source = BoxStream(3)
    scene = CityScene(target.renderer, theme=load_theme("light"))
    scene.set_city(resident_city(empty_city()), (), (source,))
    settle(scene, target)
    scene.dispose()
    assert source.closed
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("tiles-")]
    assert target.renderer.GetViewProps().GetNumberOfItems() == 0


def test_a_source_that_is_switched_off_is_gone_and_asks_for_nothing(streamed, target):
    scene = streamed(whole=city_of_boxes())
    scene.camera.set_pose(STREET)
    settle(scene, target)
    streamer = scene.streamed.streamer
    before = target.pixels().copy()
    picked_building(scene)
    scene.streamed.streamer.set_source_visible(streamer.sources[0].id, False)
    settle(scene, target)
    assert scene.streamed.figures.n_drawn == 0
    assert (before != target.pixels()).any(axis=2).mean() > 0.1
    assert scene.pick(200, 150).feature < features_of(scene).n_whole
    scene.camera.set_pose(ELSEWHERE)
    settle(scene, target)
    assert scene.streamed.figures.n_wanted == 0
    streamer.set_source_visible(streamer.sources[0].id, True)
    scene.camera.set_pose(STREET)
    settle(scene, target)
    assert (before != target.pixels()).any(axis=2).mean() < 0.001
