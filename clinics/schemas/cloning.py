"""One schema made like another, from PostgreSQL's own catalogues.

django-tenants brings a clone function (pg-clone-schema, 3,000 lines of PL/pgSQL that are first written into `public`
each time); this one copies what migrations of ours make and refuses what it does not know, see decision 0007.
"""

import re
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django_tenants.utils import schema_context

LONGEST_WAIT_SECONDS = 3

# pg_depend is indexed by what is depended on, pg_class by name only: with thousands of clinics that is the difference
# between reading one schema's rows and reading all of them.
_MEMBERS = """
SELECT d.objid FROM pg_depend d
WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = %(schema)s::regnamespace
  AND d.classid = '{catalogue}'::regclass AND d.deptype = 'n'
"""
_IN_PG_CLASS = _MEMBERS.format(catalogue="pg_class")
_IN_PG_PROC = _MEMBERS.format(catalogue="pg_proc")
_IN_PG_TYPE = _MEMBERS.format(catalogue="pg_type")

_STRANGERS = f"""
SELECT c.relname FROM pg_class c WHERE c.oid IN ({_IN_PG_CLASS})
  AND NOT EXISTS (SELECT FROM pg_depend own WHERE own.classid = 'pg_class'::regclass AND own.objid = c.oid
    AND own.deptype = 'i' AND c.relkind = 'S')
  AND (c.relkind <> 'r' OR c.relrowsecurity OR c.relispartition OR c.reloptions IS NOT NULL OR c.relhassubclass)
UNION ALL
SELECT t.typname FROM pg_type t WHERE t.oid IN ({_IN_PG_TYPE})
UNION ALL
SELECT p.proname FROM pg_proc p WHERE p.oid IN ({_IN_PG_PROC}) AND p.prokind NOT IN ('f', 'p')
UNION ALL
SELECT r.rulename FROM pg_rewrite r WHERE r.ev_class IN ({_IN_PG_CLASS})
UNION ALL
SELECT x.stxname FROM pg_statistic_ext x WHERE x.stxrelid IN ({_IN_PG_CLASS})
"""
_FUNCTIONS = f"SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.oid IN ({_IN_PG_PROC}) ORDER BY p.proname, p.oid"
_TABLES = f"""
SELECT quote_ident(c.relname), obj_description(c.oid, 'pg_class') FROM pg_class c
WHERE c.oid IN ({_IN_PG_CLASS}) AND c.relkind = 'r' ORDER BY c.relname
"""
_IDENTITIES = f"""
SELECT format('ALTER TABLE %%I ALTER %%I ADD GENERATED %%s AS IDENTITY (SEQUENCE NAME %%I START %%s INCREMENT %%s'
         ' MINVALUE %%s MAXVALUE %%s CACHE %%s %%s)', c.relname, a.attname,
         CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END, own.relname, s.seqstart, s.seqincrement,
         s.seqmin, s.seqmax, s.seqcache, CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid AND d.refobjsubid = a.attnum
  AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
JOIN pg_sequence s ON s.seqrelid = d.objid JOIN pg_class own ON own.oid = s.seqrelid
WHERE c.oid IN ({_IN_PG_CLASS}) AND c.relkind = 'r' AND a.attidentity <> '' ORDER BY c.relname, a.attname
"""
# Foreign keys come last of all, those into `public` at the very end: they lock what they refer to.
_CONSTRAINTS = f"""
SELECT quote_ident(c.relname), con.contype, quote_ident(con.conname), pg_get_constraintdef(con.oid, true),
       obj_description(con.oid, 'pg_constraint'), target.relnamespace <> c.relnamespace
FROM pg_constraint con JOIN pg_class c ON c.oid = con.conrelid LEFT JOIN pg_class target ON target.oid = con.confrelid
WHERE con.conrelid IN ({_IN_PG_CLASS}) AND con.contype IN ('c', 'p', 'u', 'x', 'f')
ORDER BY coalesce(target.relname, ''), c.relname, con.contype <> 'p', con.conname
"""
_INDEXES = f"""
SELECT pg_get_indexdef(i.indexrelid, 0, true), quote_ident(x.relname), obj_description(x.oid, 'pg_class')
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
WHERE i.indrelid IN ({_IN_PG_CLASS}) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid
  AND contype IN ('p', 'u', 'x'))
ORDER BY x.relname
"""
_TRIGGERS = f"""
SELECT pg_get_triggerdef(t.oid, true) FROM pg_trigger t
WHERE t.tgrelid IN ({_IN_PG_CLASS}) AND NOT t.tgisinternal ORDER BY t.tgname
"""
_COLUMNS = f"""
SELECT quote_ident(c.relname), string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
       (array_agg(a.attname) FILTER (WHERE a.attidentity <> ''))[1]
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.oid IN ({_IN_PG_CLASS}) AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
GROUP BY c.relname ORDER BY c.relname
"""


class CannotClone(RuntimeError):
    """The pattern holds something that this module does not copy: teach it, or keep to what it knows."""


class Clone:
    """Makes `target` like `pattern`, in two steps of the caller's transaction.

    `build` makes everything but the foreign keys into other schemas and touches no table outside. `bind` adds those
    keys: each takes a lock on the public table it refers to (SHARE ROW EXCLUSIVE: nobody writes there) until the
    transaction ends, so it belongs right before the commit. It waits for those locks only so long, because everybody
    who comes later to write waits behind it: OperationalError (lock_timeout) then, and the whole may be tried again.
    """

    def __init__(self, pattern: str, target: str) -> None:
        self.pattern, self.target = pattern, target
        self._outward: list[str] = []

    def build(self) -> None:
        """Raises CannotClone before anything is made."""
        with schema_context(self.pattern), connection.cursor() as cursor:  # names of its own come out bare
            statements = self._structure(cursor) + self._rows(cursor)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE SCHEMA {_quoted(self.target)}")
        with schema_context(self.target), connection.cursor() as cursor:
            cursor.execute("SET LOCAL check_function_bodies = off")
            cursor.execute(";\n".join(statements))
            cursor.execute("SET LOCAL check_function_bodies = on")

    def bind(self) -> None:
        if self._outward:
            with schema_context(self.target), connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{LONGEST_WAIT_SECONDS}s'")
                cursor.execute(";\n".join(self._outward))
                cursor.execute("SET LOCAL lock_timeout = DEFAULT")

    def _structure(self, cursor: CursorWrapper) -> list[str]:
        if strangers := [row[0] for row in self._read(cursor, _STRANGERS)]:
            raise CannotClone(f"{self.pattern} holds what is not copied: {', '.join(strangers)}")
        return [
            *(self._function(row[0]) for row in self._read(cursor, _FUNCTIONS)),
            *self._tables(cursor),
            *self._constraints(cursor),
            *(row[0] for row in self._read(cursor, _TRIGGERS)),
        ]

    def _function(self, definition: str) -> str:
        own = re.escape(_quoted(self.pattern)) + "|" + re.escape(self.pattern)
        return re.sub(rf"\A(CREATE OR REPLACE (?:FUNCTION|PROCEDURE) )(?:{own})\.", r"\1", definition)

    def _tables(self, cursor: CursorWrapper) -> list[str]:
        made = []
        for table, comment in self._read(cursor, _TABLES):
            made.append(
                f"CREATE TABLE {table} (LIKE {_quoted(self.pattern)}.{table} INCLUDING DEFAULTS INCLUDING GENERATED"
                " INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS)"
            )
            made += _comment("TABLE", table, comment)
        # LIKE would make every counter a bigint's, whatever its column is.
        return made + [row[0] for row in self._read(cursor, _IDENTITIES)]

    def _constraints(self, cursor: CursorWrapper) -> list[str]:
        own: dict[str, list[str]] = {}
        inward: dict[str, list[str]] = {}
        outward: dict[str, list[str]] = {}
        comments: list[str] = []
        for table, kind, name, definition, comment, leads_out in self._read(cursor, _CONSTRAINTS):
            adding = outward if leads_out else inward if kind == "f" else own
            adding.setdefault(table, []).append(f"ADD CONSTRAINT {name} {definition}")
            (self._outward if leads_out else comments).extend(_comment(f"CONSTRAINT {name} ON", table, comment))
        indexes = []
        for definition, name, comment in self._read(cursor, _INDEXES):
            indexes += [definition, *_comment("INDEX", name, comment)]
        self._outward[:0] = _alter(outward)
        return [*_alter(own), *indexes, *_alter(inward), *comments]

    def _rows(self, cursor: CursorWrapper) -> list[str]:
        """What migrations wrote: their own record, and whatever a clinic begins with."""
        columns = {table: (names, identity) for table, names, identity in self._read(cursor, _COLUMNS)}
        cursor.execute(
            " UNION ALL ".join(f"SELECT %s WHERE EXISTS (SELECT FROM {table})" for table in columns), list(columns)
        )
        copied = []
        for (table,) in cursor.fetchall():
            names, identity = columns[table]
            pattern = f"{_quoted(self.pattern)}.{table}"
            copied.append(f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM {pattern}")
            if identity:
                copied.append(
                    f"SELECT setval(pg_get_serial_sequence('{table}', '{identity}'), max({_quoted(identity)}))"
                    f" FROM {table}"
                )
        return copied

    def _read(self, cursor: CursorWrapper, query: str) -> list[tuple[Any, ...]]:
        cursor.execute(query, {"schema": _quoted(self.pattern)})
        return cursor.fetchall()


def _alter(changes: dict[str, list[str]]) -> list[str]:
    return [f"ALTER TABLE {table} {', '.join(parts)}" for table, parts in changes.items()]


def _comment(kind: str, name: str, text: str | None) -> list[str]:
    if not text:
        return []
    escaped = text.replace("'", "''")
    return [f"COMMENT ON {kind} {name} IS '{escaped}'"]


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
