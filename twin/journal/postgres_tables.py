"""A room's tables in PostgreSQL, and how a row's texts are stored in them."""

from __future__ import annotations

import uuid

from twin.journal.database import Database
from twin.journal.rows import Row
from twin.journal.verify import SCHEMA, genesis

_TABLES = """
CREATE TABLE IF NOT EXISTS meta(key text PRIMARY KEY, value text NOT NULL);
CREATE TABLE IF NOT EXISTS events(
  seq bigint PRIMARY KEY, t_ns bigint NOT NULL, kind text NOT NULL, actor text NOT NULL,
  body text NOT NULL, key text NOT NULL, form integer NOT NULL, chain bytea NOT NULL);
CREATE INDEX IF NOT EXISTS events_key ON events(md5(key), seq) WHERE key <> '';
CREATE TABLE IF NOT EXISTS seals(
  kind text NOT NULL, seq bigint NOT NULL, chain bytea NOT NULL, t_ns bigint NOT NULL,
  detail text NOT NULL, public_key bytea NOT NULL, signature bytea NOT NULL,
  PRIMARY KEY(kind, seq));
CREATE TABLE IF NOT EXISTS snapshots(
  seq bigint PRIMARY KEY, state_hash text NOT NULL, room bytea NOT NULL);
CREATE TABLE IF NOT EXISTS head(
  is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only), seq bigint NOT NULL,
  chain bytea NOT NULL, term bigint NOT NULL DEFAULT 0, holder text NOT NULL DEFAULT '',
  address text NOT NULL DEFAULT '', until timestamptz NOT NULL DEFAULT '-infinity',
  probe bigint NOT NULL DEFAULT 0);
"""


def make_tables(database: Database) -> None:
    """Make a room's tables where there are none; several hubs may try at once."""
    schema = database.place.schema
    if has_tables(database):
        return
    with database.transaction():
        database.query("SELECT pg_advisory_xact_lock(hashtext(%s))", (schema,))
        if not has_tables(database):
            create_tables(database, str(uuid.uuid4()))


def create_tables(database: Database, epoch: str) -> None:
    """Make a room's tables, within a transaction."""
    database.query(f'CREATE SCHEMA IF NOT EXISTS "{database.place.schema}"')
    database.query(_TABLES)
    database.query("INSERT INTO meta VALUES ('schema', %s), ('epoch', %s)", (str(SCHEMA), epoch))
    database.query("INSERT INTO head(seq, chain) VALUES (0, %s)", (genesis(epoch),))


def has_tables(database: Database) -> bool:
    """Whether the room's tables are there.

    Asked of the catalogue: `to_regclass` may not see what was made while a transaction waited.
    """
    which = (
        "SELECT 1 FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace"
        " WHERE nspname = %s AND relname = 'head'"
    )
    return bool(database.query(which, (database.place.schema,)))


def escaped(text: str) -> str:
    """PostgreSQL's text cannot hold NUL; nothing else changes but the backslash itself."""
    return text.replace("\\", "\\\\").replace("\0", "\\0")


def _plain_text(text: str) -> str:
    if "\\" not in text:
        return text
    return "\\".join(part.replace("\\0", "\0") for part in text.split("\\\\"))


def escaped_row(row: Row) -> Row:
    """The row as its texts are stored."""
    seq, t_ns, kind, actor, body, key, form, chain = row
    return seq, t_ns, escaped(kind), escaped(actor), body, escaped(key), form, chain


def plain_row(row: Row) -> Row:
    """The row as it was before `escaped_row`."""
    seq, t_ns, kind, actor, body, key, form, chain = row
    return seq, t_ns, _plain_text(kind), _plain_text(actor), body, _plain_text(key), form, chain
