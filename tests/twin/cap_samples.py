"""Arguments of a warning to the public, in two languages."""

from __future__ import annotations

from typing import Any

ARGS: dict[str, Any] = {
    "event": "Flood",
    "headline": "River Wend rises: leave the quays",
    "description": "The river will reach the quays at about 18:30 & cut off <Bridge Street>.",
    "instruction": "Go to higher ground.",
    "x_m": 120.0,
    "y_m": -340.0,
    "place": "Old Harbour",
    "radius_m": 800.0,
}
FRENCH: dict[str, Any] = {
    "language_2": "fr-FR",
    "event_2": "Inondation",
    "headline_2": "La rivière monte : quittez les quais",
    "description_2": "L'eau atteindra les quais vers 18 h 30.",
    "cancel_text_2": "Le danger est passé.",
}
