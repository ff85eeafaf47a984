"""An actuator for one signal controller, here a file with the number of its plan.

Needs Civitwin: python actuator.py tcp://127.0.0.1:5710 signal-42 controller.txt
Its memory makes sure that no command is carried out twice, whatever is killed when.
"""

import sys
import time
from pathlib import Path

import numpy as np
import zmq

from twin.adapter.memory import AdapterMemory
from twin.clock import SystemClock
from twin.interlocks.model import Reading
from twin.link.actuator import ActuatorClient
from twin.link.wire import encode_announcement, encode_batch
from twin.sense.model import Announcement, Datastream, Thing

hub, asset, controller = sys.argv[1], sys.argv[2], Path(sys.argv[3])
plan_id = f"{asset}/signal_plan"
clock = SystemClock()


def plan() -> float:
    """What the controller runs now."""
    return float(controller.read_text()) if controller.exists() else 1.0


def carry_out(request, reply):
    """Called once for each order, after it was written into the memory."""
    wanted = request.args["plan"]
    if not 1 <= wanted <= 4:
        reply.rejected(f"The controller has no plan {wanted}")
        return
    reply.accepted()
    controller.write_text(str(wanted))
    reply.done(f"Plan {wanted} is set")


actuator = ActuatorClient(
    endpoint=hub,
    name=f"Controller of {asset}",
    asset_ids=[asset],
    on_command=carry_out,
    clock=clock,
    memory=AdapterMemory(controller.with_suffix(".memory")),
    values=lambda name: Reading(plan()) if name == plan_id else None,  # for the hub's interlocks
)
actuator.start()
while actuator.hub_info() is None:
    time.sleep(0.05)
samples = zmq.Context().socket(zmq.PUSH)
samples.connect(actuator.hub_info().addresses.samples_in)
thing = Thing(id=asset, name=asset, kind="signal", accepts=("signal.set_plan",))
stream = Datastream(index=0, id=plan_id, thing_id=asset, observed_property="signal_plan")
announcement = Announcement(source=asset, epoch="1", things=(thing,), datastreams=(stream,))
seq = 0
while True:
    if seq % 50 == 0:
        samples.send_multipart(encode_announcement(announcement))
    seq += 1
    now_ns = clock.now_ns()
    columns = (
        np.array([0], np.uint32),
        np.array([now_ns]),
        np.array([plan()]),
        np.zeros(1, np.uint8),
    )
    samples.send_multipart(encode_batch(asset, "1", seq, *columns, now_ns))
    time.sleep(0.1)
