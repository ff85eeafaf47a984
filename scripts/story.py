"""``make story``: a script played by real consoles on a real hub, then looked at by strangers.

Prints a line for each step, and at the end one JSON line: ``{"story": …, "steps": …, "ok": …}``.
Beside the script itself: somebody without a key tries to join and is told why not, the stand-alone
verifier reads the journal, and finds the one byte that is then changed in a copy of it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from twin.clock import SystemClock  # noqa: E402
from twin.errors import TwinError  # noqa: E402
from twin.link.client import HubClient  # noqa: E402
from twin.playback.script import read_script  # noqa: E402
from twin.room.model import Operator  # noqa: E402
from twin.security.client_security import ClientSecurity  # noqa: E402
from twin.security.keystore import (  # noqa: E402
    HUB_PUBLIC,
    new_workstation_secret,
    write_workstation_secret,
)
from viewer.stage.performance import Stage, StageOptions, staged  # noqa: E402

POLICIES = ROOT / "resources" / "policies"
REFUSED_S = 20.0
FLIPPED_ROW = 7


def main() -> int:
    """Play, check, report."""
    arguments = _arguments()
    script = read_script(ROOT / "resources" / "scripts" / f"{arguments.story}.yaml")
    windows = frozenset(script.seats) if not arguments.headless else frozenset()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="civitwin-story-") as name, _services(arguments) as (
        journal, samples,
    ):  # fmt: skip
        folder = Path(name)
        pictures = (arguments.pictures or folder).resolve()
        pictures.mkdir(parents=True, exist_ok=True)
        options = StageOptions(
            folder=folder, windows=windows, journal=journal, samples=samples,
            policy=POLICIES / "city.toml", interlocks=POLICIES / "interlocks.toml",
            pictures=pictures, theme=arguments.theme, window_size=arguments.window,
        )  # fmt: skip
        report = _play(script, options, arguments)
    report["seconds"] = round(time.monotonic() - started, 1)
    report["ok"] = all(report["checks"].values()) and not report["failed"]
    print(json.dumps(report))
    return 0 if report["ok"] else 1


def _play(script: Any, options: StageOptions, arguments: argparse.Namespace) -> dict[str, Any]:
    checks: dict[str, bool] = {}
    with staged(script, options) as stage:
        result = stage.perform(_say)
        sentence = intruder(stage)
        checks["stranger_refused_and_told_why"] = "key" in sentence
        print(f"  a stranger is told: {sentence}")
        public_key = stage.store.hub_public().signing_public
        journal = stage.journal
    log = _on_disk(journal, options.folder)
    checks["journal_is_as_written"] = _verified(log, public_key) == ""
    wrong = _verified(_with_one_byte_changed(log, options.folder), public_key)
    print(f"  the verifier on the changed copy: {wrong}")
    checks["changed_byte_found"] = str(FLIPPED_ROW) in wrong
    return {
        "story": arguments.story, "steps": len(result.steps), "failed": result.failed,
        "checks": checks, "state_hash": result.state_hash, "events": result.seq,
        "hubs_killed": result.n_faults, "journal": arguments.journal,
        "samples": arguments.samples, "consoles": len(options.windows),
    }  # fmt: skip


def _say(step: dict[str, Any]) -> None:
    mark = "✔" if step["ok"] else "✘"
    text = f"  {step['text']}" if step["text"] else ""
    who = f"line {step['line']:3} {step['seat']:9} {step['do']:9}"
    print(f"  {mark} {who} {step['took_s']:6.1f} s{text}", flush=True)


def intruder(stage: Stage) -> str:
    """Somebody with a key that the hub does not know: what their console says."""
    folder = stage.options.folder / "stranger"
    folder.mkdir()
    write_workstation_secret(folder, new_workstation_secret("stranger"))
    shutil.copyfile(stage.passes["director"].folder / HUB_PUBLIC, folder / HUB_PUBLIC)
    client = HubClient(
        endpoint=stage.endpoint.split(",")[-1], clock=SystemClock(),
        operator=Operator(name="Eve", department="water", console_id="stranger"),
        outbox_path=folder / "outbox.sqlite", security=ClientSecurity.of_folder(folder),
    )  # fmt: skip
    client.start()
    try:
        end = time.monotonic() + REFUSED_S
        while time.monotonic() < end:
            client.poll()
            if "key" in client.status().text:
                break
            time.sleep(0.1)
        return client.status().text
    finally:
        client.close()


def _on_disk(journal: str, folder: Path) -> Path:
    """The journal as a file: itself, or its export from the database."""
    if not journal.startswith("postgresql:"):
        return Path(journal)
    export = folder / "journal.jsonl"
    command = [sys.executable, "-m", "viewer.cli", "journal", "export", journal, str(export)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return export


def _verified(log: Path, public_key: str) -> str:
    """What is wrong with a journal, "" if nothing is."""
    command = [sys.executable, str(ROOT / "scripts" / "verify_log.py"), str(log)]
    done = subprocess.run(
        [*command, "--public-key", public_key], capture_output=True, text=True, check=False
    )
    print(f"  verify-log: {(done.stdout or done.stderr).strip().splitlines()[-1]}")
    return "" if done.returncode == 0 else (done.stdout + done.stderr).strip()


def _with_one_byte_changed(log: Path, folder: Path) -> Path:
    """A copy in which one letter of one row's text is another."""
    copy = folder / f"changed-{log.name}"
    if log.suffix == ".jsonl":
        lines = log.read_text(encoding="utf-8").splitlines(keepends=True)
        at = next(i for i, one in enumerate(lines[1:], 1) if json.loads(one)[0] == FLIPPED_ROW)
        seq, t_ns, kind, *rest = json.loads(lines[at])
        flipped = chr(ord(kind[0]) ^ 1) + kind[1:]
        lines[at] = json.dumps([seq, t_ns, flipped, *rest]) + "\n"
        copy.write_text("".join(lines), encoding="utf-8")
        return copy
    import sqlite3

    source = sqlite3.connect(f"file:{log}?mode=ro", uri=True)
    target = sqlite3.connect(copy)
    source.backup(target)
    (kind,) = target.execute("SELECT kind FROM events WHERE seq = ?", (FLIPPED_ROW,)).fetchone()
    flipped = chr(ord(kind[0]) ^ 1) + kind[1:]
    target.execute("UPDATE events SET kind = ? WHERE seq = ?", (flipped, FLIPPED_ROW))
    target.commit()
    source.close()
    target.close()
    return copy


@contextlib.contextmanager
def _services(arguments: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Start what the story needs beside Civitwin itself."""
    with contextlib.ExitStack() as stack:
        journal = samples = ""
        if arguments.journal == "postgresql":
            from tests.services.postgres import running_postgres

            journal = stack.enter_context(running_postgres()).room_url()
        if arguments.samples == "nats":
            from tests.services.nats import NatsServers

            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="civitwin-nats-")))
            samples = stack.enter_context(NatsServers(folder, 1)).address
        yield journal, samples


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--story", default="flood-gate", metavar="NAME")
    parser.add_argument("--journal", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--samples", choices=("zmq", "nats"), default="zmq")
    parser.add_argument("--headless", action="store_true", help="seats without windows")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="keep the pictures here")
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    parser.add_argument("--window", default="1280x720", metavar="WxH")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except TwinError as error:
        sys.exit(f"story: {error}")
