"""Many sensors: one announcement, then columns. Needs: pip install pyzmq msgspec numpy."""

import json, sys, time  # noqa: E401, I001
import msgspec, numpy as np, zmq  # noqa: E401

address = sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:5712"
count = int(sys.argv[2]) if len(sys.argv) > 2 else 0  # 0 = for ever
socket = zmq.Context().socket(zmq.PUSH)
socket.connect(address)
N, SOURCE, EPOCH = 1000, "my-network", str(time.time_ns())
things = [{"id": f"m{i}", "name": f"Meter {i}", "kind": "sensor", "xyz": [i % 40 * 50, i // 40 * 50, 0]} for i in range(N)]  # fmt: skip # noqa: E501
streams = [{"index": i, "id": f"m{i}/noise", "thing_id": f"m{i}", "observed_property": "noise", "unit": "dB(A)"} for i in range(N)]  # fmt: skip # noqa: E501
sequence = 0
while not count or sequence < count:
    if sequence % 5 == 0:  # who joins late must hear it too
        text = {"source": SOURCE, "epoch": EPOCH, "things": things, "datastreams": streams}
        socket.send_multipart([f"v1/a/{SOURCE}/".encode(), json.dumps(text).encode()])
    now = time.time_ns()
    header = msgspec.msgpack.encode({"v": 1, "epoch": EPOCH, "seq": sequence, "n": N, "sent": now})
    columns = [np.arange(N, dtype="<u4"), np.full(N, now, dtype="<i8"), np.random.normal(60, 5, N), np.zeros(N, "u1")]  # fmt: skip # noqa: E501, NPY002
    socket.send_multipart([f"v1/s/{SOURCE}/".encode(), header, *columns])
    sequence += 1
    time.sleep(1 if not count else 0)
