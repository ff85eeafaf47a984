"""``civitwin snapshot``: pictures without a display, and one sentence for bad input."""

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from twin.errors import TwinError
from viewer.cli import main
from viewer.opening import camera_from_text
from viewer.picture_arguments import size_from_text


def test_the_demo_city_becomes_a_picture_without_a_display(tmp_path):
    picture = tmp_path / "demo.png"
    environment = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    command = [sys.executable, "-m", "viewer.cli", "snapshot", "--demo", "--buildings", "500"]
    done = subprocess.run(
        [*command, "-o", str(picture), "--size", "320x200"],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    image = np.asarray(Image.open(picture))
    assert image.shape == (200, 320, 3)
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 200


def test_the_theme_and_the_camera_change_the_picture(tmp_path):
    means = {}
    for theme in ("light", "dark"):
        picture = tmp_path / f"{theme}.png"
        arguments = ["snapshot", "--demo", "--buildings", "500", "--size", "160x100"]
        assert main([*arguments, "-o", str(picture), "--theme", theme]) == 0
        means[theme] = np.asarray(Image.open(picture)).mean()
    assert means["dark"] < 0.5 * means["light"]


def test_a_city_file_coloured_by_an_attribute(tmp_path, shared_data):
    city = shared_data / "cityjson" / "denhaag_01_lod2.v10.city.json"
    pictures = []
    for extra in ([], ["--color-by", "roofType"]):
        picture = tmp_path / f"hague{len(extra)}.png"
        assert main(["snapshot", str(city), "-o", str(picture), "--size", "320x200", *extra]) == 0
        pictures.append(np.asarray(Image.open(picture)).astype(int))
    colourful = [np.ptp(picture, axis=2).max() for picture in pictures]
    assert colourful[1] > colourful[0] + 60


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Give either a city file or --demo"),
        (["--demo", "--size", "big"], "is not WIDTHxHEIGHT"),
        (["--demo", "--size", "9x9"], "between 16 and"),
        (["--demo", "--camera", "1,2"], "The camera '1,2' is not"),
        (["--demo", "--buildings", "0"], "at least one building"),
        (["/nowhere/city.json"], "There is no such file"),
        (["--demo", "--buildings", "500", "--color-by", "colour"], "No attribute is called"),
    ],
)
def test_bad_input_is_one_sentence_and_status_1(tmp_path, capsys, arguments, sentence):
    assert main(["snapshot", *arguments, "-o", str(tmp_path / "x.png")]) == 1
    error = capsys.readouterr().err
    assert sentence in error
    assert error.count("\n") == 1
    assert not (tmp_path / "x.png").exists()


def test_a_missing_folder_is_named(capsys):
    assert main(["snapshot", "--demo", "-o", "/nowhere/at/all.png"]) == 1
    assert "There is no folder /nowhere/at" in capsys.readouterr().err


def test_cameras_and_sizes():
    assert size_from_text("1600X900", 8192) == (1600, 900)
    assert camera_from_text("") == ()
    assert camera_from_text("10,20,300") == (10.0, 20.0, 300.0)
    assert len(camera_from_text("0,0,50,1,1,0")) == 6
    for text in ("10,20,0", "0,0,1,0,0,1", "north"):
        with pytest.raises(TwinError):
            camera_from_text(text)


def test_a_streamed_city_is_drawn_when_all_of_it_is_there(tmp_path):
    city = tmp_path / "city"
    assert main(["import", "generated:600", "-o", str(city)]) == 0
    pictures = []
    for name, source in (("streamed", [str(city)]), ("whole", ["--demo", "--buildings", "600"])):
        picture = tmp_path / f"{name}.png"
        assert main(["snapshot", *source, "-o", str(picture), "--size", "320x200"]) == 0
        pictures.append(np.asarray(Image.open(picture)).astype(int))
    dark = [(picture.sum(axis=2) < 420).mean() for picture in pictures]  # façades
    assert dark[0] > 0.3 * dark[1] > 0.0


def test_a_film_of_a_flight_around_the_city(tmp_path):
    film = tmp_path / "orbit.gif"
    arguments = ["film", "--demo", "--buildings", "500", "--size", "160x90", "--fps", "5"]
    assert main([*arguments, "--seconds", "1", "-o", str(film)]) == 0
    with Image.open(film) as opened:
        assert opened.n_frames == 5
        frames = []
        for index in range(5):
            opened.seek(index)
            frames.append(np.asarray(opened.convert("RGB")).astype(int))
    assert all(np.abs(a - b).mean() > 1.0 for a, b in itertools.pairwise(frames))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--demo", "-o", "x.avi"], "ends in .mp4 or .gif"),
        (["--demo", "-o", "x.gif", "--fps", "0"], "1 to 120 frames"),
        (["--demo", "-o", "x.gif", "--seconds", "0"], "frames, not 0"),
        (["--demo", "-o", "x.gif", "--tour", "Harbour"], "no tour 'Harbour'"),
    ],
)
def test_a_film_that_cannot_be_is_refused_in_one_sentence(
    tmp_path, monkeypatch, capsys, arguments, sentence
):
    monkeypatch.chdir(tmp_path)
    assert main(["film", *arguments, "--buildings", "500", "--size", "64x48"]) == 1
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
