"""The record of a subcommand of ``civitwin``."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from twin.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Subcommand:
    """Record of one subcommand (upper-case ``SUBCOMMAND`` of a module in `viewer.commands`).

    ``add_arguments`` fills the parser; ``run`` gets the parsed arguments and returns the exit
    status. Heavy imports (Qt, VTK) belong inside ``run``, so that ``--help`` answers at once.
    `twin.errors.TwinError` may leave ``run``: it is printed as one sentence, exit status 1.
    """

    id: str
    help: str
    epilog: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def subcommand_registry() -> Registry[Subcommand]:
    """All subcommands."""
    return Registry(Subcommand).load_all("viewer.commands")
