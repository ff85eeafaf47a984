"""Carrying samples: ZeroMQ and NATS behind one interface, thinning, the recorder's path. No Qt."""
