"""Joins a hub, tells what happens there, and issues one command if it is given one.

Written from docs/ alone; needs only: pip install pyzmq msgpack PyNaCl. Without a command it goes on
until Ctrl-C; with one until that has ended: status 0 = VERIFIED, else 1 and a sentence.

    python follow_and_command.py gate.set gate-1 '{"opening_pct": 40}'
    python follow_and_command.py --hub tcp://hub:5710 --keys desk-1/ --person ada gate.set gate-1 …
"""

import argparse
import json
import secrets
import signal
import sys
import time

import msgpack
import zmq
from workstation_keys import opened

ENDS = ["VERIFIED", "REJECTED", "DENIED", "EXPIRED", "FAILED", "TIMED_OUT", "CANCELLED", "UNKNOWN"]


class Client:
    def __init__(self, options, keys):
        self.hub, self.keys, self.request = options.hub, keys, None
        self.epoch, self.seq, self.is_safe = "", 0, False
        self.control = self.events = self.monitor = None
        self.me = {"role": "console", "name": "Example", "department": "control_room"}
        self.me["console_id"] = f"{keys.own['name'] if keys else 'example'}:{secrets.token_hex(4)}"
        if options.type_id:
            number = time.time_ns() // 10**6 << 80 | 7 << 76 | 2 << 62 | secrets.randbits(62)
            self.request = {"id": f"{number:032x}", "args": options.args, "type_version": 1}
            self.request |= {"type_id": options.type_id, "target_id": options.target_id}
            self.request["target_name"] = options.target_id

    def socket(self, kind, address):
        socket = zmq.Context.instance().socket(kind)
        if self.keys:
            self.keys.protect(socket)
        if kind == zmq.DEALER:
            self.monitor = socket.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        else:
            socket.subscribe(b"v1/e/")
            socket.subscribe(b"v1/h/")
        socket.connect(address)
        return socket

    def send(self, kind, every=0, **fields):
        if time.monotonic() - self.sent.get(kind, 0) >= every:
            self.sent[kind] = time.monotonic()
            self.control.send_multipart([b"civ1", msgpack.packb({"type": kind, **fields})])

    def run(self):
        begun, self.heard = time.monotonic(), 0
        while True:
            if time.monotonic() - self.heard > 1.5:
                for old in filter(None, (self.control, self.events, self.monitor)):
                    old.close(linger=0)
                self.control, self.events = self.socket(zmq.DEALER, self.hub), None
                self.heard, self.sent = time.monotonic(), {}
                self.send("hello", **self.me)
            sockets = list(filter(None, (self.control, self.events, self.monitor)))
            for socket in zmq.select(sockets, [], [], 0.1)[0]:
                if socket is self.monitor:
                    sys.exit(f"The hub at {self.hub} does not let this workstation's key in")
                self.heard = time.monotonic()
                self.take(**msgpack.unpackb(socket.recv_multipart()[1]))
            if self.events:
                self.send("ping", every=0.5, t_ns=0)
                if self.request and self.seq and not self.is_safe:  # not before we can follow it
                    sign = self.keys.sign if self.keys else lambda *_: ""
                    proof = sign("command.submit", self.request, self.epoch)
                    self.send("submit", every=2, request=self.request, signature=proof)
            elif not self.epoch and time.monotonic() - begun > 10:
                sys.exit(f"No hub answers at {self.hub}. Is it up, and with keys or without?")

    def take(self, type, epoch="", **message):  # noqa: A002
        match type:
            case "challenge":
                self.send("hello", **self.me, **self.keys.log_in(message["nonce"], epoch))
            case "hello_needed":
                self.heard = 0
            case "welcome":
                host = self.hub.split("//")[1].rpartition(":")[0]
                events = message["addresses"]["events"].replace("0.0.0.0", host)
                self.events = self.events or self.socket(zmq.SUB, events)
                self.follow(epoch, message["seq"])
            case "snapshot":
                self.epoch, self.seq = epoch, message["seq"]
                tables = msgpack.unpackb(message["room"])["tables"]
                counts = [f"{len(rows)} {name}" for name, rows in tables.items() if rows]
                print("Room after event", self.seq, "holds", ", ".join(counts), flush=True)
                for command in tables["command"]:
                    self.end(command["request"]["id"], command["state"], command["state_text"])
            case "events":
                self.sent["get_events"] = 0
                self.tell(epoch, message["events"])
                self.follow(epoch, message["last_seq"])
            case "event":
                self.tell(epoch, [message["event"]])
            case "heartbeat":
                self.follow(epoch, message["seq"])
            case "acknowledged":
                self.is_safe = True  # the only thing we asked for is on disk
            case "refused" if message.get("is_final", True):
                sys.exit(f"Refused: {message['text']}")

    def follow(self, epoch, newest):
        if epoch != self.epoch or newest < self.seq:
            self.send("get_snapshot", every=1)
        elif newest > self.seq:
            self.send("get_events", every=0.1, from_seq=self.seq + 1)

    def tell(self, epoch, events):
        for event in events:
            if epoch == self.epoch and event["seq"] == self.seq + 1:
                self.seq, body = event["seq"], event["body"]
                words = [str(body[key]) for key in ("id", "state", "text") if body.get(key)]
                print(self.seq, f"{event['actor']}:", event["kind"], *words, flush=True)
                self.end(body.get("id"), body.get("state"), body.get("text"))
            else:  # a gap, or known already
                self.follow(epoch, max(self.seq, event["seq"]))

    def end(self, command_id, state, text):
        if self.request and command_id == self.request["id"] and state in ENDS:
            self.send("bye")
            sys.exit(f"{state}: {text}" if state != "VERIFIED" else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("type_id", nargs="?", metavar="TYPE", help="see docs/command-types.md")
    add("target_id", nargs="?", metavar="TARGET")
    add("args", nargs="?", metavar="ARGS", type=json.loads, default={}, help="JSON")
    add("--hub", default="tcp://127.0.0.1:5710")
    add("--keys", help="folder of this workstation's keys")
    add("--person", default="")
    add("--password-stdin", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C just ends it
    keys = options.keys and opened(options.keys, options.person, stdin=options.password_stdin)
    Client(options, keys).run()


if __name__ == "__main__":
    main()
