"""The lines of a prescription as data: their schema, and the check of it."""

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from pharmacy.exceptions import BadMedications
from precta.text import plain_line

if TYPE_CHECKING:
    from jsonschema_rs import Validator

SCHEMA = Path(__file__).parent / "schemas" / "medications.json"
FIELDS = ("name", "dosage", "frequency", "duration", "instructions")


@cache
def schema() -> dict[str, Any]:
    return json.loads(SCHEMA.read_text(encoding="utf-8"))


def most_lines() -> int:
    return schema()["maxItems"]


def most_characters(field: str) -> int:
    return schema()["items"]["properties"][field]["maxLength"]


@cache
def _validator() -> "Validator":
    # Loaded where something is written: who only reads does without.
    import jsonschema_rs

    return jsonschema_rs.validator_for(schema())


def check_medications(lines: Any) -> list[dict[str, str]]:
    """`lines` when they are what the schema asks. Raises BadMedications.

    The schema's patterns cannot name Unicode's categories, so what cannot be shown is asked once more.
    """
    try:
        error = next(iter(_validator().iter_errors(lines)), None)
    except ValueError:  # a lone surrogate, a number beyond JSON
        raise BadMedications("not JSON") from None
    if error is not None:
        # Where and which rule, never what was written.
        raise BadMedications(f"{list(error.instance_path)} breaks {list(error.schema_path)}")
    try:
        for line in lines:
            for field in FIELDS:
                plain_line(line[field])
    except ValidationError:
        raise BadMedications("a character that cannot be shown") from None
    return lines
