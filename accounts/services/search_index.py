"""Writes the words by which a doctor is found.

The document is made here rather than generated in the database: a generated column may neither unaccent nor read the
clinic's row. Weights: A the doctor's name and fields, B lay words for the fields and the clinic, C the place, D the
languages.
"""

from collections.abc import Iterable

from django.db import connection
from django.utils import translation

from accounts import languages
from accounts.directory.words import of_specialty, words
from accounts.models import Doctor
from clinics.models import Clinic

BATCH = 500


def index_doctor(*, doctor_id: str) -> None:
    """Bring one doctor's search document up to date; nothing happens when there is no such doctor."""
    _index(Doctor.objects.filter(pk=doctor_id))


def index_clinic(*, clinic: Clinic) -> int:
    """The same for all doctors of a clinic, after its name or place changed; the number written."""
    return _index(Doctor.objects.filter(clinic=clinic))


def index_all() -> int:
    """The same for every doctor: after a change of the specialties' words."""
    return _index(Doctor.objects.all())


def _index(doctors: Iterable[Doctor]) -> int:
    rows = [
        (doctor.pk, search_document(doctor))
        for doctor in doctors.select_related("clinic").only(  # type: ignore[attr-defined]
            "first_name",
            "last_name",
            "specialties",
            "languages",
            "clinic__name",
            "clinic__city",
            "clinic__region",
            "clinic__address",
        )
    ]
    with connection.cursor() as cursor:
        for start in range(0, len(rows), BATCH):
            ids, documents = zip(*rows[start : start + BATCH], strict=True)
            cursor.execute(
                "UPDATE accounts_doctor SET search_document = written.document::tsvector"
                " FROM unnest(%s::text[], %s::text[]) AS written (id, document)"
                " WHERE accounts_doctor.id = written.id",
                [list(ids), list(documents)],
            )
    return len(rows)


def search_document(doctor: Doctor) -> str:
    """The doctor's document in the text form of a tsvector."""
    clinic = doctor.clinic
    fields = [of_specialty(slug) for slug in doctor.specialties]
    spoken: list[str] = []
    for language in ("en", "sw"):
        with translation.override(language):
            spoken += words(languages.named(doctor.languages))
    weighted = [
        ("A", [*words(doctor.full_name), *(word for names, _more in fields for word in names)]),
        ("B", [*(word for _names, more in fields for word in more), *words(clinic.name if clinic else "")]),
        ("C", words(f"{clinic.city} {clinic.region} {clinic.address}" if clinic else "")),
        ("D", spoken),
    ]
    lexemes: dict[str, list[str]] = {}
    position = 0
    for weight, found in weighted:
        for word in dict.fromkeys(found):
            position += 1
            lexemes.setdefault(word, []).append(f"{position}{weight}")
    return " ".join(f"'{word}':{','.join(places)}" for word, places in lexemes.items())
