"""Messages as a page: who, when, the text with its links, and how far it got."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from twin.mentions import split_at_links
from twin.room.parts.messages import Link, Message
from twin.theme import Theme, department_colour
from widgets.parts.wording import clock_text

LINK_SCHEME = "link:"
AGAIN_SCHEME = "again:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A message of this console that the others do not see.

    Attributes
    ----------
    why_not : the hub refused it, with this reason; "" = it has not answered yet
    """

    id: str
    text: str
    why_not: str = ""


def page_of(
    messages: Sequence[Message], waiting: Sequence[Waiting], theme: Theme, read_to: int, own_id: str
) -> tuple[str, list[Link]]:
    """HTML of a channel, and the links by their number.

    Parameters
    ----------
    read_to : messages of others after this event are new
    """
    links: list[Link] = []
    muted, accent = theme.ui["muted"], theme.ui["accent"]
    parts: list[str] = []
    is_told = False
    for message in messages:
        is_own = message.by.console_id == own_id
        if not is_told and message.seq > read_to and not is_own:
            is_told = True
            parts.append(f'<p style="color:{accent}; font-size:11px">New</p>')
        colour = department_colour(theme, message.by.department)
        department = message.by.department.replace("_", " ")
        who = "You" if is_own else escape(message.by.name)
        parts.append(
            f'<p style="margin:8px 0 0 0"><span style="color:{colour}; font-weight:600">{who}'
            f'</span> <span style="color:{muted}; font-size:11px">{escape(department)} · '
            f"{clock_text(message.t_ns)}</span></p>"
            f'<p style="margin:1px 0 0 0">{_body(message, accent, links)}</p>'
        )
    parts += [_waiting(one, theme) for one in waiting]
    return "".join(parts), links


def _body(message: Message, accent: str, links: list[Link]) -> str:
    words = []
    for piece, link in split_at_links(message.text, message.links):
        text = escape(piece).replace("\n", "<br>")
        if link is None:
            words.append(text)
            continue
        words.append(
            f'<a style="color:{accent}; text-decoration:none" href="{LINK_SCHEME}{len(links)}">'
            f"{text}</a>"
        )
        links.append(link)
    return "".join(words)


def _waiting(one: Waiting, theme: Theme) -> str:
    text = escape(one.text).replace("\n", "<br>")
    if one.why_not:
        note = f"Not sent: {escape(one.why_not)}. "
        note += f'<a style="color:{theme.ui["accent"]}" href="{AGAIN_SCHEME}{one.id}">Edit</a>'
        colour = theme.priority["critical"]
    else:
        note, colour = "○ Waiting for the hub; it is kept until it answers", theme.ui["muted"]
    return (
        f'<p style="margin:8px 0 0 0; color:{theme.ui["muted"]}">{text}</p>'
        f'<p style="margin:1px 0 0 0; color:{colour}; font-size:11px">{note}</p>'
    )
