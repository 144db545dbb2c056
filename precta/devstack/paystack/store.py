"""The stand-in's memory: one SQLite file, written before any answer leaves, so that a kill loses nothing."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS transactions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, reference TEXT NOT NULL UNIQUE, access_code TEXT UNIQUE,
    kind TEXT NOT NULL, status TEXT NOT NULL, email TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
    channel TEXT, channels TEXT NOT NULL DEFAULT '[]', callback_url TEXT NOT NULL DEFAULT '',
    metadata TEXT NOT NULL DEFAULT '""', phone TEXT NOT NULL DEFAULT '', provider TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '', created_at REAL NOT NULL, paid_at REAL, decide_at REAL, decision TEXT
);
CREATE TABLE IF NOT EXISTS refunds (
    id INTEGER PRIMARY KEY AUTOINCREMENT, transaction_id INTEGER NOT NULL REFERENCES transactions (id),
    amount INTEGER NOT NULL, currency TEXT NOT NULL, status TEXT NOT NULL, outcome TEXT NOT NULL,
    customer_note TEXT NOT NULL DEFAULT '', merchant_note TEXT NOT NULL DEFAULT '',
    created_at REAL NOT NULL, refunded_at REAL, due_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, body BLOB NOT NULL, due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL DEFAULT 'waiting', last_answer TEXT NOT NULL DEFAULT '',
    held INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
FIRST_TRANSACTION = 4_099_260_516  # as long as the real ones: does not fit 32 bits
FIRST_REFUND = 15_008_301


class Store:
    """A thin, locked layer over SQLite; rows come out as dictionaries."""

    def __init__(self, file: Path | None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._db = sqlite3.connect(file or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(SCHEMA)
        self._number_from()

    def _number_from(self) -> None:
        with self.change():
            if not self.all("SELECT 1 FROM sqlite_sequence"):
                for table, first in (("transactions", FIRST_TRANSACTION), ("refunds", FIRST_REFUND)):
                    self.run("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", table, first)

    @contextmanager
    def change(self) -> Iterator[None]:
        """One change at a time, all of it or nothing; may be nested."""
        with self._lock:
            outermost = self._depth == 0
            self._depth += 1
            try:
                if outermost:
                    self._db.execute("BEGIN IMMEDIATE")
                yield
                if outermost:
                    self._db.execute("COMMIT")
            except BaseException:
                if outermost:
                    self._db.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1

    def run(self, sql: str, *values: Any) -> int:
        """Returns the new row's id, or the last one's."""
        with self._lock:
            return self._db.execute(sql, values).lastrowid or 0

    def all(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(row) for row in self._db.execute(sql, values)]

    def one(self, sql: str, *values: Any) -> dict[str, Any] | None:
        rows = self.all(sql, *values)
        return rows[0] if rows else None

    def insert(self, table: str, **values: Any) -> int:
        names = ", ".join(values)
        marks = ", ".join("?" * len(values))
        return self.run(f"INSERT INTO {table} ({names}) VALUES ({marks})", *values.values())  # noqa: S608 - our own names

    def setting(self, name: str, default: Any = None) -> Any:
        row = self.one("SELECT value FROM settings WHERE name = ?", name)
        return json.loads(row["value"]) if row else default

    def set(self, name: str, value: Any) -> None:
        self.run("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", name, json.dumps(value))

    def reset(self) -> None:
        with self.change():
            for table in ("webhooks", "refunds", "transactions", "settings"):
                self.run(f"DELETE FROM {table}")  # noqa: S608 - our own names

    def close(self) -> None:
        with self._lock:
            self._db.close()


def now() -> float:
    return time.time()


def iso(moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
