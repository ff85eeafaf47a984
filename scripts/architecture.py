"""Writes the module table of docs/architecture.md from the modules' own first lines.

``python scripts/architecture.py`` rewrites it; ``--check`` says whether it is up to date.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
PACKAGES = ("twin", "scenes", "widgets", "viewer")
BEGIN, END = "<!-- modules -->\n", "<!-- end of modules -->\n"


def first_line(module: Path) -> str:
    """First sentence of a module's docstring."""
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return text.split("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def table() -> str:
    """One heading a package, one row a module."""
    lines = []
    for package in PACKAGES:
        for folder in sorted({path.parent for path in (ROOT / package).rglob("*.py")}):
            lines.append(f"\n### `{folder.relative_to(ROOT)}/`\n")
            lines.append(f"{first_line(folder / '__init__.py')}\n")
            lines.append("| module | what it does |\n| --- | --- |")
            lines += [
                f"| `{module.name}` | {first_line(module)} |"
                for module in sorted(folder.glob("*.py"))
                if module.name != "__init__.py"
            ]
    return "\n".join(lines) + "\n"


def page_with_table(text: str) -> str:
    """The page with a fresh table between its marks."""
    head, rest = text.split(BEGIN)
    _old, tail = rest.split(END)
    return head + BEGIN + table() + END + tail


def main() -> int:
    """Rewrite or check the page."""
    text = PAGE.read_text(encoding="utf-8")
    fresh = page_with_table(text)
    if "--check" in sys.argv:
        if fresh != text:
            print("docs/architecture.md is behind: run python scripts/architecture.py")
            return 1
        return 0
    PAGE.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
