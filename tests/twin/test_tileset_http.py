"""A tileset behind a real server: slow, failing, absent, circling, lying about sizes."""

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.twin.tileset_samples import corners, never, square_glb, tileset
from twin.errors import ReadError, SourceUnreachableError
from twin.tiles import fetch_http
from twin.tiles.fetch_http import HttpResources
from twin.tiles.tileset import open_tileset


class Server(ThreadingHTTPServer):
    """Answers by path with what a test put there."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = {}
        self.asked = []
        self.peers = set()
        self.release = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def put(self, path, content=b"", status=200, **facts):
        self.answers[path] = (status, content, facts)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        server = self.server
        server.asked.append((self.path, dict(self.headers)))
        server.peers.add(self.client_address)
        status, content, facts = server.answers.get(self.path.partition("?")[0], (404, b"", {}))
        if facts.get("hangs"):
            server.release.wait(20)
            return
        if facts.get("hang_up"):
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in facts.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(facts.get("length", len(content))))
        self.end_headers()
        self.wfile.write(content)
        if "length" in facts:
            self.close_connection = True

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def city(server, **facts):
    root = {"content": {"uri": "tiles/a.glb"}, "children": []}
    server.put("/city/tileset.json", json.dumps(tileset(root)).encode())
    server.put("/city/tiles/a.glb", square_glb(), **facts)
    return open_tileset(f"{server.url}/city/tileset.json")


def test_a_tileset_on_a_server_over_one_connection(server):
    source = city(server)
    assert (source.title, source.is_there(source.root)) == ("city", (None,))
    for _ in range(3):
        assert len(corners(source.load(source.root, never))) == 2
    assert len(server.peers) == 1
    source.close()
    with pytest.raises(SourceUnreachableError, match="closed"):
        source.load(source.root, never)


def test_several_threads_share_few_connections(server):
    source = city(server)
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(source.load(source.root, never)))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert len(server.peers) <= fetch_http.MAX_CONNECTIONS
    source.close()


def test_packed_answers_and_packed_files(server):
    packed = gzip.compress(square_glb())
    for headers in ({"Content-Encoding": "gzip"}, {}):
        source = city(server)
        server.put("/city/tiles/a.glb", packed, headers=headers)
        assert len(corners(source.load(source.root, never))) == 2
        source.close()


def test_absent_and_forbidden_files_are_no_use_trying_again(server):
    source = city(server, status=404)
    with pytest.raises(ReadError, match="not there"):
        source.load(source.root, never)
    server.put("/city/tiles/a.glb", status=403)
    with pytest.raises(ReadError, match="does not allow"):
        source.load(source.root, never)
    source.close()
    with pytest.raises(ReadError, match="not there"):
        open_tileset(f"{server.url}/elsewhere/tileset.json")


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_a_failing_server_may_work_later(server, status):
    source = city(server, status=status)
    with pytest.raises(SourceUnreachableError, match=str(status)):
        source.load(source.root, never)
    server.put("/city/tiles/a.glb", square_glb())
    assert len(corners(source.load(source.root, never))) == 2
    source.close()


def test_a_slow_server_is_given_up(server):
    server.put("/slow", hangs=True)
    resources = HttpResources(f"{server.url}/slow", timeout_s=0.2)
    with pytest.raises(SourceUnreachableError, match="in time"):
        resources.read(resources.start, 1000)
    resources.close()


def test_an_answer_that_drips_is_given_up(server):
    server.put("/slow", b"x" * 1000)
    resources = HttpResources(f"{server.url}/slow", deadline_s=-1.0)
    with pytest.raises(SourceUnreachableError, match="in time"):
        resources.read(resources.start, 10_000)
    resources.close()


def test_a_server_that_hangs_up(server):
    server.put("/gone", hang_up=True)
    resources = HttpResources(f"{server.url}/gone")
    with pytest.raises(SourceUnreachableError, match="hung up"):
        resources.read(resources.start, 1000)
    resources.close()


def test_a_kept_connection_that_was_closed_meanwhile_is_opened_anew(server):
    server.put("/a", b"first", headers={"Connection": "keep-alive"})
    server.put("/b", hang_up=True)
    resources = HttpResources(f"{server.url}/a")
    assert resources.read(resources.start, 100) == b"first"
    with pytest.raises(SourceUnreachableError):
        resources.read(f"{server.url}/b", 100)
    assert resources.read(resources.start, 100) == b"first"
    assert [path for path, _ in server.asked] == ["/a", "/b", "/b", "/a"]
    resources.close()


def test_no_server_at_all():
    with pytest.raises(SourceUnreachableError, match=r"cannot be asked|hung up"):
        open_tileset("http://127.0.0.1:9/tileset.json")


def test_moved_files_are_followed_but_not_in_circles(server):
    server.put("/new", b"here")
    server.put("/old", status=302, headers={"Location": "/new"})
    server.put("/x", status=301, headers={"Location": "/y"})
    server.put("/y", status=301, headers={"Location": "/x"})
    server.put("/z", status=301, headers={"Location": "file:///etc/passwd"})
    server.put("/n", status=301)
    resources = HttpResources(f"{server.url}/old")
    assert resources.read(resources.start, 100) == b"here"
    for path, sentence in (("/x", "in circles"), ("/z", "not on a server"), ("/n", "not where")):
        with pytest.raises(ReadError, match=sentence):
            resources.read(server.url + path, 100)
    resources.close()


def test_wrong_sizes(server):
    server.put("/short", b"x" * 10, length=100)
    server.put("/long", b"x" * 10, length=10**9)
    server.put("/bomb", gzip.compress(b"\0" * 10**6), headers={"Content-Encoding": "gzip"})
    resources = HttpResources(f"{server.url}/short")
    with pytest.raises(SourceUnreachableError, match="cut short"):
        resources.read(f"{server.url}/short", 1000)
    for path in ("/long", "/bomb"):
        with pytest.raises(ReadError, match="which is refused"):
            resources.read(server.url + path, 100_000)
    resources.close()


def test_keys_of_the_query_go_along_and_stay_out_of_messages(server):
    source = city(server)
    source.close()
    keyed = open_tileset(f"{server.url}/city/tileset.json?key=secret")
    server.asked.clear()
    keyed.load(keyed.root, never)
    assert server.asked[0][0] == "/city/tiles/a.glb?key=secret"
    server.put("/city/tiles/a.glb", status=404)
    with pytest.raises(ReadError) as caught:
        keyed.load(keyed.root, never)
    assert "secret" not in str(caught.value)
    keyed.close()


def test_a_page_instead_of_a_tileset_is_one_sentence(server):
    server.put("/tileset.json", b"<html>Please log in</html>")
    with pytest.raises(ReadError, match="not valid JSON"):
        open_tileset(f"{server.url}/tileset.json")
