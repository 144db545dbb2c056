"""A small town of doctors: three fields, two cities, times on known days."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Doctor
from tests import factories

# A Monday, 08:00 in Nairobi.
NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
MONDAY = date(2026, 11, 23)


def at(day: int, hour: int) -> str:
    """`day` of November and `hour` on Nairobi's clock, as projections store it."""
    return (datetime(2026, 11, day, hour, tzinfo=UTC) - timedelta(hours=3)).isoformat()


def free(doctor: Doctor, **by_mode: list[str]) -> None:
    """Write the projection of a doctor's times: `in_person=[at(23, 9)], video=[]`."""
    days = {mode: sorted({datetime.fromisoformat(t).date() for t in times}) for mode, times in by_mode.items()}
    everything = sorted(time for times in by_mode.values() for time in times)
    Doctor.objects.filter(pk=doctor.pk).update(
        next_slots=by_mode,
        free_days_in_person=days.get("in_person", []),
        free_days_video=days.get("video", []),
        next_available_at=everything[0] if everything else None,
        projected_at=NOW,
    )


@pytest.fixture(autouse=True)
def _clock(monkeypatch):
    monkeypatch.setattr("precta.clock.now", lambda: NOW)


@pytest.fixture
def town(cast):
    """Achieng (children, Nairobi), Brian (children, chest, Mombasa), Halima (skin, Nairobi), Juma (teeth, Mombasa)."""
    achieng, brian = cast.doctor, cast.other_doctor
    Doctor.objects.filter(pk=achieng.pk).update(average_rating=Decimal("4.2"), total_reviews=10, years_of_experience=12)
    Doctor.objects.filter(pk=brian.pk).update(
        specialties=["paediatrics", "respiratory-medicine"],
        languages=["en", "kln"],
        consultation_fee=Decimal("1500"),
        consultation_modes=["video"],
        average_rating=Decimal("4.8"),
        total_reviews=3,
    )
    halima = factories.make_doctor(
        cast.uzima,
        "Halima",
        "Ng'ang'a",
        specialties=["dermatology"],
        languages=["sw", "so"],
        consultation_fee=Decimal("3000"),
        consultation_modes=["in_person"],
    )
    juma = factories.make_doctor(
        cast.pwani,
        "Juma",
        "Mwakio",
        specialties=["dentistry"],
        consultation_fee=Decimal("0"),
        consultation_modes=["in_person"],
    )
    free(achieng, in_person=[at(23, 9), at(23, 10), at(24, 9)], video=[at(24, 15)])
    free(brian, video=[at(24, 8)])
    free(halima, in_person=[at(26, 9)])
    free(juma, in_person=[])
    call_command("index_doctors", stdout=StringIO())
    return SimpleNamespace(achieng=achieng, brian=brian, halima=halima, juma=juma, uzima=cast.uzima, pwani=cast.pwani)


@pytest.fixture
def names(at_platform):
    """`names("?q=moyo")` → the doctors' first names in the order of the page."""

    def ask(query: str = "", client=None) -> list[str]:
        import re

        response = (client or at_platform()).get("/doctors/" + query)
        assert response.status_code == 200, response.status_code
        return re.findall(r'<h2 class="h3"><a href="[^"]+">Dr (\w+)', response.content.decode())

    return ask


@pytest.fixture
def statements():
    """`with statements() as seen:` → every statement that reached the server, `SET search_path` included."""
    return lambda: CaptureQueriesContext(connection)
