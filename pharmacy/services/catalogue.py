"""What a clinic's pharmacy sells and what lies on its shelf: everything that changes it."""

from datetime import date
from typing import Any

from pharmacy.models import Medicine, MedicineBatch


def save_medicine(*, medicine: Medicine, by_user: Any, fields: list[str] | None = None) -> Medicine:
    """Add the article, or save those of its `fields` that were changed (all when None), with the price's history."""
    raise NotImplementedError


def receive_batch(*, medicine: Medicine, number: str, expires_on: date, packs: int, by_user: Any) -> MedicineBatch:
    """Put packs on the shelf and up for sale."""
    raise NotImplementedError


def write_off(*, batch: MedicineBatch, packs: int, reason: str, by_user: Any) -> int:
    """Take broken, lost or recalled packs off the shelf. Returns how many packs promised to orders are now missing."""
    raise NotImplementedError


def correct_count(*, batch: MedicineBatch, counted: int, seen: int, reason: str, by_user: Any) -> int:
    """Set the shelf to what was counted. Returns how many packs promised to orders are now missing."""
    raise NotImplementedError


def set_aside_expired(*, today: date) -> int:
    """Take what expired before `today` off the shelf and out of sale; the number of batches."""
    raise NotImplementedError
