"""A sound playbook, as text."""

from __future__ import annotations

GOOD = """
title: Flooded underpass
kind: flood
departments: [water, traffic]
steps:
  - id: measure
    title: How deep is it?
    department: water
    deadline: 5 min after start
    collect:
      level: {kind: "*gauge", property: water_level, within_m: 400, take: highest}
    choices:
      yes: {title: Over 30 cm, when: level > 0.3}
      no: Shallow
  - id: close
    title: Close the underpass
    department: traffic
    after: measure=yes
    deadline: 90 s
    command: {type: road.close, kind: road_segment, args: {cause: flood}}
  - id: watch
    title: Watch it
    after: measure=no
  - id: open
    title: Open again
    after: [close, watch]
    deadline: 1 h after measure
    guard: level < 0.1
    guard_text: Water under 10 cm
    collect: {level: {property: water_level}}
"""
