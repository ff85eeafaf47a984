"""``civitwin play``: a scripted scene on a stage of its own: hub, city, operators, audience."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from viewer.subcommand import Subcommand

if TYPE_CHECKING:
    from twin.playback.script import Script
    from viewer.stage.performance import Result

_EPILOG = """Examples:
  civitwin play cloudburst
  civitwin play cloudburst --headless --report r.json
  civitwin play my-scene.yaml --headless --pace 4 --record run.mcap
  civitwin play --list
How a scene is written: docs/scenes.md."""
#: The whole run may take so many times the scene, and so many seconds more.
_SLOWEST, _MORE_S = 6.0, 180.0
_LONGEST_WITHOUT_LENGTH_S = 1_800.0
#: A window stays so long when the scene is over.
_LAST_LOOK_S = 4.0


def _pace(text: str) -> float:
    value = float(text)
    if not 0.05 <= value <= 100.0:
        raise argparse.ArgumentTypeError("0.05 to 100 seconds of the scene a second")
    return value


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "scene", nargs="?", default="", metavar="NAME|FILE",
        help="a scene that comes along (see --list), or a script",
    )  # fmt: skip
    parser.add_argument("--list", action="store_true", help="what scenes come along")
    parser.add_argument("--check", action="store_true", help="only say whether it can be played")
    parser.add_argument(
        "--headless", action="store_true",
        help="without a window: the exit status says whether everything came as expected",
    )  # fmt: skip
    parser.add_argument(
        "--kiosk", action="store_true",
        help="the whole screen and nothing but the city; Esc ends it",
    )  # fmt: skip
    parser.add_argument(
        "--loop", action="store_true", help="play again and again until the window is closed"
    )
    parser.add_argument(
        "--window", default="", metavar="WxH", help="size of the window, e.g. 1280x720"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="what came of it, as JSON")
    parser.add_argument(
        "--pace", type=_pace, metavar="N",
        help="seconds of the scene a second (default: what the scene says)",
    )  # fmt: skip
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="record the run, for civitwin replay"
    )
    parser.add_argument(
        "--video", type=Path, metavar="FILE",
        help="film the scene (.mp4 or .gif) with its camera, its captions burnt in; no window",
    )  # fmt: skip
    parser.add_argument(
        "--of", type=Path, metavar="RECORDING",
        help="film this recording of a scene, instead of playing it first",
    )  # fmt: skip
    parser.add_argument("--size", default="1920x1080", help="of the film (default %(default)s)")
    parser.add_argument("--fps", type=int, default=25, help="frames a second (default %(default)s)")
    parser.add_argument(
        "--film-speed", type=_pace, default=1.0, metavar="N",
        help="seconds of the scene a second of the film (default 1)",
    )  # fmt: skip
    parser.add_argument(
        "--theme", choices=("light", "dark"), default="dark", help="(default %(default)s)"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep journal, logs and public alerts here"
    )


def _run(arguments: argparse.Namespace) -> int:
    if arguments.list:
        return _list()
    _check_places(arguments)
    if arguments.of is not None:
        return _film(arguments, arguments.of)
    from twin.errors import TwinError
    from twin.playback.scene_check import check_scene
    from twin.playback.script import read_script
    from viewer.stage.scenes import scene_path

    if not arguments.scene:
        raise TwinError("Name a scene, or say --list")
    script = read_script(scene_path(arguments.scene))
    check_scene(script)
    if arguments.check:
        print(f"{script.path.name} can be played: {len(script.all_steps())} steps")
        return 0
    if arguments.loop and (arguments.headless or arguments.video or arguments.record):
        raise TwinError("--loop is for a window, without --record")
    with tempfile.TemporaryDirectory(prefix="civitwin-play-") as name:
        if arguments.video is not None and arguments.record is None:
            arguments.record = Path(name) / "scene.mcap"
        status = _play(script, arguments, arguments.keep or Path(name))
        return status if arguments.video is None else _film(arguments, arguments.record) or status


def _list() -> int:
    from twin.playback.script import read_script
    from viewer.stage.scenes import bundled_scenes

    for path in bundled_scenes():
        script = read_script(path)
        print(f"{path.stem:18} {script.title}: {script.summary}")
    return 0


def _check_places(arguments: argparse.Namespace) -> None:
    """Refuse what cannot be written before anything is started; raises `TwinError`."""
    from twin.errors import TwinError

    for name in ("report", "record", "keep", "video"):
        path: Path | None = getattr(arguments, name)
        if path is not None and not path.resolve().parent.is_dir():
            raise TwinError(f"The folder of --{name} does not exist: {path.resolve().parent}")
    if arguments.record is not None and arguments.record.exists():
        raise TwinError(f"There is a file already; choose another name: {arguments.record}")
    if arguments.of is not None and arguments.video is None:
        raise TwinError("--of is a recording to film; say --video FILE too")
    if arguments.video is not None:
        _check_film(arguments)
    if arguments.keep is not None:
        arguments.keep.mkdir(exist_ok=True)


def _check_film(arguments: argparse.Namespace) -> None:
    """Refuse a film that cannot be made before a scene is played for it; raises `TwinError`."""
    from scenes.movie import Movie
    from viewer.commands.film import MOST_PX
    from viewer.picture_arguments import PictureError, size_from_text

    size = size_from_text(arguments.size, MOST_PX)
    if not 1 <= arguments.fps <= 120:
        raise PictureError(f"A film has 1 to 120 frames a second, not {arguments.fps}")
    with Movie(arguments.video, size, arguments.fps):  # one without frames leaves no file
        pass


def _film(arguments: argparse.Namespace, recording: Path) -> int:
    from viewer.commands.film import MOST_PX
    from viewer.picture_arguments import size_from_text
    from viewer.progress_line import ProgressLine
    from viewer.stage.scene_film import FilmOptions, SceneFilm

    options = FilmOptions(
        size_px=size_from_text(arguments.size, MOST_PX), fps=arguments.fps,
        speed=arguments.film_speed, theme=arguments.theme,
    )  # fmt: skip
    with SceneFilm(recording, options) as film:
        n_frames = film.write(arguments.video, ProgressLine("Filming"))
    print(f"{arguments.video}  {options.size_px[0]} x {options.size_px[1]}, {n_frames} frames")
    return 0


def _play(script: Script, arguments: argparse.Namespace, folder: Path) -> int:
    from viewer.stage.performance import AudienceLeftError, StageOptions, staged
    from viewer.stage.scenes import policies, rules_of

    pace = arguments.pace or script.pace
    longest_s = _MORE_S + _SLOWEST * script.length_s / min(pace, 1.0)
    policy, interlocks = policies()
    options = StageOptions(
        folder=folder, pace=pace, policy=policy, interlocks=interlocks,
        record=arguments.record and arguments.record.resolve(),
        longest_s=longest_s if script.length_s else _LONGEST_WITHOUT_LENGTH_S,
        audience=_audience(arguments), rules=rules_of(script),
    )  # fmt: skip
    started = time.monotonic()
    try:
        with staged(script, options) as stage:
            result = stage.perform(_say)
            while arguments.loop:
                stage.start_again()
                result = stage.perform(_say)
            if options.audience is not None:
                time.sleep(_LAST_LOOK_S)
    except AudienceLeftError as error:
        print(error)
        return 0 if arguments.report is None else 1
    report = report_of(script, result, pace=pace, seconds=time.monotonic() - started)
    if arguments.report is not None:
        arguments.report.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    words = f"{report['passed']} of {report['expectations']} expectations came true"
    print(f"{script.title}: {words}, {len(report['failures'])} steps failed")
    return 0 if report["ok"] else 1


def _audience(arguments: argparse.Namespace) -> tuple[str, ...] | None:
    """Arguments of the window, None where there is none."""
    if arguments.headless or arguments.video is not None:
        return None
    further = ["--kiosk" if arguments.kiosk else "--audience", "--theme", arguments.theme]
    if arguments.window:
        further += ["--seconds", "86400", "--window", arguments.window]
    return tuple(further)


def report_of(script: Script, result: Result, *, pace: float, seconds: float) -> dict[str, Any]:
    """What came of a run, as plain data."""
    judged = [step for step in result.steps if step["do"] == "expect"]
    passed = sum(step["ok"] for step in judged)
    return {
        "scene": script.path.stem, "title": script.title, "ok": not result.failed,
        "expectations": len(judged), "passed": passed, "failed": len(judged) - passed,
        "state_hash": result.state_hash, "events": result.seq, "pace": pace,
        "scene_seconds": result.scene_s, "seconds": round(seconds, 1),
        "failures": result.failed, "steps": result.steps,
    }  # fmt: skip


def _say(step: dict[str, Any]) -> None:
    from twin.playback.scene_clock import time_text

    mark = "✔" if step["ok"] else "✘"
    text = f"  {step['text']}" if step["text"] else ""
    if step["do"] == "expect" and not text:
        text = f"  {step['what']}"
    who = f"line {step['line']:3} {step['seat']:9} {step['do']:10}"
    sys.stderr.write(f"{time_text(step.get('at_s', 0.0))} {mark} {who}{text}\n")


SUBCOMMAND = Subcommand(
    id="play",
    help="Play a scripted scene: a demonstration, a drill, or a test with an exit status",
    epilog=_EPILOG,
    add_arguments=_add_arguments,
    run=_run,
)
