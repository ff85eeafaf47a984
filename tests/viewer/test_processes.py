"""Children of a console: ready line, end, and never left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from twin.errors import TwinError
from viewer.parts import Companions, FeedFile, PrivateHub
from viewer.ports import PortClaim, free_base_port
from viewer.processes import end_text, last_line


def until(condition, timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.02)


def test_free_base_port_skips_a_block_with_a_taken_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        if port > 65_000:
            pytest.skip("the system gave a port at the very end of the range")
        assert free_base_port(port - 1) != port - 1


def test_two_consoles_that_start_together_take_two_ports():
    first, second = PortClaim(23_600), PortClaim(23_600)
    try:
        assert second.base != first.base
        third = PortClaim(23_600)
        assert third.base not in (first.base, second.base)
        third.close()
    finally:
        first.close()
        second.close()
    again = PortClaim(23_600)
    assert again.base == first.base
    again.close()


def test_private_hub_comes_back_on_the_same_ports_after_a_kill(tmp_path: Path):
    troubles: list[str] = []
    hub = PrivateHub(
        base_port=free_base_port(23_710),
        scene="Test",
        folder=tmp_path,
        journal=tmp_path / "j.sqlite",
        on_trouble=troubles.append,
    )
    try:
        endpoint, first_pid = hub.control_endpoint(), hub.pid
        os.kill(first_pid, signal.SIGKILL)
        until(lambda: hub.pid != first_pid)
        port = int(endpoint.rsplit(":", 1)[1])

        def is_listening() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        until(is_listening)
        assert troubles == ["The hub ended unexpectedly and is being started again"]
        last_pid = hub.pid
    finally:
        hub.close()
    assert not psutil.pid_exists(last_pid)
    assert (tmp_path / "j.sqlite").exists()


def test_a_hub_that_cannot_start_says_why(tmp_path: Path):
    no_folder = tmp_path / "file"
    no_folder.write_text("in the way")
    hub = PrivateHub(
        base_port=free_base_port(23_810),
        scene="Test",
        folder=tmp_path,
        journal=no_folder / "j.sqlite",
        on_trouble=lambda _text: None,
    )
    try:
        with pytest.raises(TwinError, match=r"The hub did not start: .*j\.sqlite"):
            hub.control_endpoint()
    finally:
        hub.close()


def test_children_end_when_their_console_is_killed(tmp_path: Path):
    program = textwrap.dedent(
        """
        import pathlib, sys, time
        from viewer.parts import PrivateHub
        from viewer.ports import free_base_port
        hub = PrivateHub(base_port=free_base_port(23910), scene="", journal=None,
                         folder=pathlib.Path(sys.argv[1]), on_trouble=lambda text: None)
        hub.control_endpoint()
        print(hub.pid, flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE
    ) as parent:
        hub_pid = int(parent.stdout.readline().split()[0])
        parent.kill()
    until(lambda: not psutil.pid_exists(hub_pid))


def test_an_absent_feed_file_is_one_sentence(tmp_path: Path):
    companions = Companions(folder=tmp_path, on_trouble=lambda _text: None)
    with pytest.raises(TwinError, match="no such file to feed"):
        companions.start_feed("tcp://127.0.0.1:1", FeedFile(path=tmp_path / "none.csv"))


def test_last_line_of_a_log(tmp_path: Path):
    log = tmp_path / "x.log"
    assert last_line(log) == ""
    log.write_text("first\ncivitwin: last\n\n")
    assert last_line(log) == "last"
    assert end_text(1, log) == "last"
    assert "signal 9" in end_text(-9, log)
    assert end_text(3, tmp_path / "none.log") == "status 3"
