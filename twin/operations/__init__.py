"""Running the room: alarms as entries and figures, rules, incidents. No Qt, no VTK, no sockets."""
