"""Traffic on streets: bands along paths, classes by the free speed, colours by value."""

import numpy as np
import pytest

from scenes.scene_input import SceneInput
from scenes.street_colours import free_speeds_kmh
from scenes.street_ribbons import LEAST_PX, WIDTH_M, StreetRibbons, drawn_on
from scenes.vtk_arrays import numpy_view
from tests.scenes.frames import count_near, draw, only
from tests.scenes.live import LiveRoom
from tests.twin.box_city import city_of_boxes
from twin.city.asset import StreetNetwork
from twin.theme import load_theme, rgb_from_hex

BEGIN, END = (30.0, -60.0, 0.0), (30.0, 60.0, 0.0)


def theme_rgb(name):
    return np.array(rgb_from_hex(load_theme("light").scene[name])) * 255


def street_room(prop="traffic_speed"):
    return LiveRoom([BEGIN], kind="road_segment", name=prop, path=END)


@pytest.mark.parametrize(
    ("speed", "colour"),
    [(45.0, "traffic_free"), (25.0, "traffic_slow"), (5.0, "traffic_jam")],
)
def test_a_street_shows_its_class_and_the_legend_explains_it(target, scene, speed, colour):
    room = street_room()
    room.report([speed])
    only(scene, "ground")
    before = count_near(draw(target, scene, room.given()), theme_rgb(colour), 3)
    only(scene, "ground", "streets_traffic")
    after = count_near(draw(target, scene, room.given()), theme_rgb(colour), 3)
    assert after > before + 50
    legend = scene._stage.legends["streets"]
    assert [name.split(":")[0] for name, _ in legend.classes] == ["free", "slow", "congested"]
    only(scene, "ground")
    draw(target, scene, room.given())
    assert scene._stage.legends == {}


def test_a_silent_street_says_no_data(target, scene):
    room = street_room()
    room.report([45.0])
    room.clock.advance_s(600.0)
    only(scene, "ground", "streets_traffic")
    assert count_near(draw(target, scene, room.given()), theme_rgb("no_data"), 3) > 50


def test_coloured_by_traffic_the_streets_carry_the_colour_not_the_houses(target, scene):
    room = street_room()
    room.report([0.0])
    only(scene, "ground", "buildings")
    low = np.array([0, 34, 78])  # the dark end of cividis
    plain = draw(target, scene, room.given())
    image = draw(target, scene, room.given(colour_by="traffic_speed"))
    assert (count_near(plain, low, 12), count_near(image, low, 12) > 50) == (0, True)
    assert scene._stage.style.colour_of(4)[3] == 0
    assert scene.legend.note == "1 measured streets"
    again = draw(target, scene, room.given())
    assert scene.legend is None
    assert count_near(again, low, 12) == 0


def test_places_without_a_path_still_colour_the_houses(target, scene):
    room = LiveRoom([(0.0, 0.0, 0.0)], kind="loop", name="traffic_speed")
    room.report([50.0])
    draw(target, scene, room.given(colour_by="traffic_speed"))
    assert scene._stage.style.colour_of(4)[3] == 255


def test_nothing_new_draws_nothing(target, scene):
    room = street_room()
    room.report([45.0])
    only(scene, "ground", "streets_traffic")
    draw(target, scene, room.given())
    scene.update(room.given())
    assert not scene.update(room.given())


def test_bands_are_never_thinner_than_some_pixels(scene):
    ribbons = StreetRibbons(scene._stage.renderer)
    path = np.array([BEGIN, END], np.float32)
    ribbons.set_paths([path])
    widths = []
    for distance in (50.0, 3000.0):
        scene.camera.fly_to((30.0, 0.0, 0.0), distance, elevation_rad=1.5, animated=False)
        scene.update(SceneInput())
        view = scene._view()
        assert ribbons.fit(view)
        assert not ribbons.fit(view)
        corners = numpy_view(ribbons._mesh.GetPoints().GetData())
        widths.append(float(np.ptp(corners[:2, 0])))
    assert widths[0] == pytest.approx(WIDTH_M, abs=0.01)
    least_m = LEAST_PX * view.metres_per_px(scene.camera.distance_m)
    assert widths[1] == pytest.approx(least_m, rel=0.05)
    ribbons.dispose()


def test_paths_are_drawn_on_towards_the_crossings():
    longer = drawn_on(np.array([[0, 0, 0], [100, 0, 0]], np.float32))
    assert longer[:, 0] == pytest.approx([-9.0, 109.0])
    short = drawn_on(np.array([[0, 0, 0], [0, 8, 0]], np.float32))
    assert short[:, 1] == pytest.approx([-2.0, 10.0])


def test_free_speeds_come_from_the_street_beside():
    asset = city_of_boxes()
    network = StreetNetwork(
        nodes_local_m=np.array([[0, 0, 0], [100, 0, 0]], np.float32),
        edges=np.array([[0, 1]], np.int32),
        names=[""],
        widths_m=np.array([7.0], np.float32),
        speeds_mps=np.array([8.0], np.float32),
    )
    beside = np.array([[40, 5, 0], [60, 5, 0]], np.float32)
    far = beside + np.array([0, 500, 0], np.float32)
    city = type(asset)(**{f: getattr(asset, f) for f in asset.__slots__} | {"streets": network})
    assert free_speeds_kmh(city, [beside, far]) == pytest.approx([28.8, 50.0])
    assert free_speeds_kmh(asset, [beside]) == pytest.approx([50.0])
