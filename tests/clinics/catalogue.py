"""What PostgreSQL knows about a schema, in words that do not name the schema."""

import re

from django.db import connection
from django_tenants.utils import schema_context

QUERIES = {
    "tables": """SELECT relname, relkind, relpersistence, relrowsecurity, reloptions, relreplident,
        obj_description(oid, 'pg_class'), relacl FROM pg_class WHERE relnamespace = {schema} AND relkind <> 'i'""",
    "columns": """SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
        a.attgenerated, a.attstorage, a.attcompression, a.attcollation::regcollation::text, a.attstattarget,
        pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = {schema} AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped""",
    "order of columns": """SELECT c.relname, string_agg(a.attname, ',' ORDER BY a.attnum)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = {schema}
        AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped GROUP BY 1""",
    "constraints": """SELECT conrelid::regclass::text, conname, contype, condeferrable, condeferred, convalidated,
        conenforced, pg_get_constraintdef(oid, true), obj_description(oid, 'pg_constraint')
        FROM pg_constraint WHERE connamespace = {schema}""",
    "indexes": """SELECT x.relname, pg_get_indexdef(i.indexrelid, 0, true), i.indisunique, i.indisprimary,
        i.indisexclusion, i.indimmediate, i.indisvalid, i.indnullsnotdistinct, x.reloptions,
        obj_description(x.oid, 'pg_class')
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE x.relnamespace = {schema}""",
    "triggers": """SELECT tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(t.oid, true)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = {schema} AND NOT tgisinternal""",
    "key triggers": """SELECT tgrelid::regclass::text, tgconstrrelid::regclass::text, tgfoid::regproc::text, tgtype,
        tgdeferrable, tginitdeferred FROM pg_trigger t JOIN pg_constraint con ON con.oid = t.tgconstraint
        WHERE con.connamespace = {schema}""",
    "functions": """SELECT proname, prosrc, proconfig, provolatile, prosecdef, proisstrict, proleakproof, proparallel,
        pg_get_function_arguments(oid), pg_get_function_result(oid) FROM pg_proc WHERE pronamespace = {schema}""",
    "types": "SELECT typname, typtype FROM pg_type WHERE typnamespace = {schema} AND typtype NOT IN ('c', 'b')",
    "sequences": """SELECT c.relname, s.seqtypid::regtype::text, s.seqstart, s.seqincrement, s.seqmax, s.seqcycle,
        pg_get_serial_sequence(dep.refobjid::regclass::text, a.attname)::regclass::text
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
        JOIN pg_depend dep ON dep.objid = c.oid AND dep.deptype = 'i' AND dep.classid = 'pg_class'::regclass
        JOIN pg_attribute a ON a.attrelid = dep.refobjid AND a.attnum = dep.refobjsubid
        WHERE c.relnamespace = {schema}""",
    "migrations": "SELECT app, name FROM {name}.django_migrations",
}
FOREIGN = """
SELECT DISTINCT pg_describe_object(d.classid, d.objid, d.objsubid), n.nspname
FROM pg_depend d CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) AS me
CROSS JOIN LATERAL pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid) AS it
JOIN pg_namespace n ON n.nspname = it.schema
WHERE d.classid <> 0 AND me.schema = %s AND it.schema NOT IN (me.schema, 'public', 'pg_catalog')
"""


def catalogue(schema: str) -> dict[str, list[tuple]]:
    """Everything a migration can make, as seen from inside the schema."""
    found = {}
    with schema_context(schema), connection.cursor() as cursor:
        for name, query in QUERIES.items():
            cursor.execute(query.format(schema=f"'{schema}'::regnamespace", name=schema))
            found[name] = sorted((tuple(map(_plain, row)) for row in cursor.fetchall()), key=repr)
    return found


def _plain(value):
    """`x IN ('a', 'b')` is kept as one cast of a list or as a list of casts, whether written or restored (by pg_dump
    too); PostgreSQL plans both alike."""
    if not isinstance(value, str):
        return value
    value = re.sub(r"(ARRAY\[[^]]*\])::(?:text|character varying)\[\]", r"\1", value)
    return re.sub(r"ARRAY\[[^]]*\]", lambda found: re.sub(r"::(?:text|character varying)", "", found[0]), value)


def leaning_elsewhere(schema: str) -> list[tuple]:
    """What in the schema depends on another clinic's or the template's."""
    with connection.cursor() as cursor:
        cursor.execute(FOREIGN, [schema])
        return cursor.fetchall()
