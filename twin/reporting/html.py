"""A report as one HTML file that needs nothing else: pictures inside, ready to print. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape

from twin.reporting.document import Block, FactList, Paragraph, Picture, Report, Section, Table

_CSS = """
:root{color-scheme:light}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1040px;padding:32px 28px 64px;background:#fff;color:#1f2429;
font:14px/1.45 Inter,"Noto Sans","Segoe UI",sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:26px;line-height:1.2;margin:0 0 4px}
h2{font-size:18px;margin:36px 0 10px;padding-top:10px;border-top:2px solid #1f2429}
.sub{color:#5c666f;margin:0 0 20px}
.notice{border:2px solid #2f6fde;color:#1f4fae;padding:6px 12px;font-weight:600;margin:0 0 16px}
.warning{border-left:4px solid #c4162a;padding:4px 12px;margin:6px 0;background:#faf1f2}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 18px;margin:0 0 16px}
dt{color:#5c666f}dd{margin:0;white-space:pre-line;overflow-wrap:anywhere}
nav ol{columns:2;margin:0 0 8px;padding-left:20px}nav a{color:#1f4fae}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin:4px 0 18px;font-size:12.5px}
caption{text-align:left;font-weight:600;padding:0 0 6px}
th{text-align:left;background:#eceef0;border-bottom:1px solid #98a2ad;padding:5px 7px}
td{border-bottom:1px solid #d5d9dd;padding:5px 7px;vertical-align:top;white-space:pre-line;
overflow-wrap:anywhere}
.r{text-align:right}
figure{margin:0 0 18px}figure svg,figure img{width:100%;height:auto;border:1px solid #d5d9dd}
figcaption{color:#5c666f;font-size:12.5px;padding-top:4px}
.none{color:#5c666f}
@media print{@page{size:A4;margin:16mm 14mm}body{max-width:none;padding:0;font-size:10pt}
h2{break-after:avoid}tr,figure,dl{break-inside:avoid}thead{display:table-header-group}
table{font-size:8.5pt}nav{display:none}}
"""


def html_of(report: Report) -> str:
    """The whole file."""
    head = escape(report.title)
    return "".join(_page(report, head))


def _page(report: Report, head: str) -> Iterator[str]:
    yield f'<!DOCTYPE html>\n<html lang="{escape(report.language)}">\n<head>\n'
    yield '<meta charset="utf-8">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<title>{head}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n<header>\n"
    yield f'<h1>{head}</h1>\n<p class="sub">{escape(report.subtitle)}</p>\n'
    if report.notice:
        yield f'<p class="notice">{escape(report.notice)}</p>\n'
    yield _facts(report.head)
    yield '</header>\n<nav aria-label="Contents">\n<ol>\n'
    for number, section in enumerate(report.sections, 1):
        yield f'<li><a href="#s{number}">{escape(section.title)}</a></li>\n'
    yield "</ol>\n</nav>\n<main>\n"
    for number, section in enumerate(report.sections, 1):
        yield from _section(section, number)
    yield "</main>\n</body>\n</html>\n"


def _section(section: Section, number: int) -> Iterator[str]:
    yield f'<section id="s{number}" aria-labelledby="h{number}">\n'
    yield f'<h2 id="h{number}">{number}. {escape(section.title)}</h2>\n'
    for block in section.blocks:
        yield _block(block)
    yield "</section>\n"


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            kind = ' class="warning"' if block.is_warning else ""
            return f"<p{kind}>{escape(block.text)}</p>\n"
        case FactList():
            return _facts(block)
        case Picture():
            return _picture(block)
        case Table():
            return _table(block)


def _facts(facts: FactList) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>\n" for name, text in facts.rows)
    return f"<dl>\n{rows}</dl>\n"


def _picture(picture: Picture) -> str:
    if picture.svg:
        drawn = picture.svg
    else:
        text = base64.b64encode(picture.image).decode()
        width, height = picture.size
        drawn = (
            f'<img src="data:{picture.kind};base64,{text}" alt="{escape(picture.alt)}"'
            f' width="{width}" height="{height}">'
        )
    return f"<figure>\n{drawn}\n<figcaption>{escape(picture.caption)}</figcaption>\n</figure>\n"


def _table(table: Table) -> str:
    if not table.rows:
        return f'<p class="none">{escape(table.caption)}: {escape(table.empty)}.</p>\n'
    total = sum(column.share for column in table.columns)
    sides = [' class="r"' if column.align == "right" else "" for column in table.columns]
    widths = "".join(
        f'<col style="width:{100 * column.share / total:.1f}%">' for column in table.columns
    )
    heads = "".join(
        f'<th scope="col"{side}>{escape(column.title)}</th>'
        for column, side in zip(table.columns, sides, strict=True)
    )
    rows = "".join(
        "<tr>" + "".join(
            f"<td{side}>{escape(cell)}</td>" for cell, side in zip(row, sides, strict=True)
        ) + "</tr>\n"
        for row in table.rows
    )  # fmt: skip
    return (
        f'<div class="wide"><table>\n<caption>{escape(table.caption)}</caption>\n'
        f"<colgroup>{widths}</colgroup>\n<thead><tr>{heads}</tr></thead>\n"
        f"<tbody>\n{rows}</tbody>\n</table></div>\n"
    )
