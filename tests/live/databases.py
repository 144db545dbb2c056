"""Databases beside the test database: copies of it in which everything is really committed."""

import contextlib
from collections.abc import Iterator

import psycopg
from django.db import connection, connections


def make_copy(name: str) -> None:
    """A fresh copy of the test database, whose tables and two clinics are there already."""
    template = connection.settings_dict["NAME"]
    connections.close_all()
    drop(name)
    with _server() as cursor:
        # A thread of an earlier test may have left its connection, and a template must have none.
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [template])
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')


def drop(name: str) -> None:
    with _server() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextlib.contextmanager
def attached(name: str) -> Iterator[None]:
    """This process's Django works on that database meanwhile."""
    ours = connection.settings_dict["NAME"]
    connection.set_schema_to_public()
    connections.close_all()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.set_schema_to_public()
        connections.close_all()
        connection.settings_dict["NAME"] = ours


@contextlib.contextmanager
def _server() -> Iterator[psycopg.Cursor]:
    wanted = connection.get_connection_params()
    wanted = {name: wanted[name] for name in ("host", "port", "user", "password") if wanted.get(name)}
    with psycopg.connect(**wanted, dbname="postgres", autocommit=True) as link, link.cursor() as cursor:
        yield cursor
