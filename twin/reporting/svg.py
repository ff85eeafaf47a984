"""Small pieces of SVG, in the subset that Qt draws too: attributes, no styles, no clips."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from twin.theme import load_theme

FONT = "Inter, 'Noto Sans', 'DejaVu Sans', sans-serif"
_LIGHT = load_theme("light")
INK, MUTED, LINE, PAPER = "#1F2429", "#5C666F", "#D5D9DD", "#FFFFFF"
ACCENT, BAD = "#2F6FDE", "#C4162A"


def priority_colour(priority: str) -> str:
    """Colour of a priority, muted for none."""
    return _LIGHT.priority.get(priority, MUTED)


def text(x: float, y: float, words: str, *, size: float = 10.5, anchor: str = "start",
         colour: str = INK, weight: str = "normal") -> str:  # fmt: skip
    """A line of text; y is its base line."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}"'
        f' fill="{colour}" font-weight="{weight}">{escape(words)}</text>'
    )


def line(x1: float, y1: float, x2: float, y2: float, colour: str = LINE, width: float = 1.0,
         dash: str = "") -> str:  # fmt: skip
    """A straight line."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"'
        f' stroke-width="{width:g}"{dashed}/>'
    )


def box(x: float, y: float, width: float, height: float, fill: str, *, stroke: str = "none",
        round_: float = 0.0, opacity: float = 1.0) -> str:  # fmt: skip
    """A rectangle."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}"'
        f' fill="{fill}" stroke="{stroke}" rx="{round_:g}" fill-opacity="{opacity:g}"/>'
    )


def circle(
    x: float, y: float, r: float, fill: str, stroke: str = "none", width: float = 1.0
) -> str:
    """A circle."""
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{r:g}" fill="{fill}" stroke="{stroke}"'
        f' stroke-width="{width:g}"/>'
    )


def polygon(points: Sequence[tuple[float, float]], fill: str, stroke: str = "none",
            opacity: float = 1.0) -> str:  # fmt: skip
    """A closed polygon."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polygon points="{places}" fill="{fill}" stroke="{stroke}" fill-opacity="{opacity:g}"/>'
    )


def polyline(points: Sequence[tuple[float, float]], colour: str, width: float) -> str:
    """An open line."""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="{width:g}"/>'


def alarm_sign(x: float, y: float, priority: str, r: float = 5.0) -> str:
    """The sign of a priority: its colour and its own shape."""
    colour = priority_colour(priority)
    if priority == "critical":
        return polygon([(x, y - r), (x + r, y), (x, y + r), (x - r, y)], colour)
    if priority == "high":
        return polygon([(x, y - r), (x + r, y + r * 0.8), (x - r, y + r * 0.8)], colour)
    if priority == "medium":
        return box(x - r * 0.8, y - r * 0.8, r * 1.6, r * 1.6, colour)
    return circle(x, y, r * 0.85, colour)


def drawing(width: float, height: float, pieces: Sequence[str], title: str) -> str:
    """A whole drawing; `title` is what it shows, for who cannot see it."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img"'
        f' aria-label="{escape(title, {chr(34): "&quot;"})}" font-family="{FONT}">'
        f'<rect width="{width:g}" height="{height:g}" fill="{PAPER}"/>{"".join(pieces)}</svg>'
    )
