"""A small sensor: one JSON message a second. Needs only: pip install pyzmq."""

import json
import math
import sys
import time

import zmq

address = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5712"
count = int(sys.argv[2]) if len(sys.argv) > 2 else 0  # 0 = for ever
socket = zmq.Context().socket(zmq.PUSH)
socket.connect(address)
sent = 0
while not count or sent < count:
    level = 1.8 + 0.3 * math.sin(time.time() / 20)
    observation = {"datastream": "river-gauge-1/water_level", "result": round(level, 3)}
    observation |= {"unit": "m", "name": "Harbour gauge", "location": [4.3007, 52.0705]}
    socket.send_multipart([b"v1/j/my-gauge/", json.dumps(observation).encode()])
    sent += 1
    time.sleep(1 if not count else 0)
