"""Every text of every row of one clinic holds a word; whoever belongs to the other clinic never meets it.

`test_canary` names addresses an attacker could guess; here people follow the links they are shown.
"""

from collections import deque
from html.parser import HTMLParser
from types import SimpleNamespace
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction

from accounts.models import Patient, User
from precta import hosts
from precta.outbox.models import OutboxEvent
from precta.payments.models import ProviderEvent
from precta.tenancy import clinic_context
from tests import factories
from tests.conftest import client_for
from tests.permissions.sample import make_sample

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]

MOST_PAGES = 80
TEXT = {"text", "character varying", "jsonb"}
# A canary that takes such a place could not be planted in others, or no page could be asked for any more.
IDS = ("_id", "id", "status", "method", "currency", "kind", "type", "digest", "reference", "refund_steps")


def word_of(clinic, what):
    return f"Zorilla{what}{clinic.slug}"


def plant_in_rows(clinic) -> set[str]:
    """Write the word into every text column of the clinic's schema that takes it; the `table.column`s that did."""
    planted = set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = %s AND data_type = ANY(%s) AND is_generated = 'NEVER'",
            [clinic.schema_name, list(TEXT)],
        )
        for table, column, kind in cursor.fetchall():
            if column.endswith(IDS):
                continue
            word = word_of(clinic, "Row")
            value = f'{{"appointment_id": "{word}", "word": "{word}"}}' if kind == "jsonb" else word
            try:
                with transaction.atomic():
                    cursor.execute("SET LOCAL session_replication_role = replica")  # past the trail's trigger
                    cursor.execute(f'UPDATE "{clinic.schema_name}"."{table}" SET "{column}" = %s', [value])
                    if cursor.rowcount:
                        planted.add(f"{table}.{column}")
            except DatabaseError:
                continue  # a list of values, a length: nothing a person writes
            finally:
                cursor.execute("SET LOCAL session_replication_role = origin")
    return planted


def plant_in_people(clinic, patients) -> None:
    word = word_of(clinic, "Person")
    for patient in patients:
        Patient.objects.filter(pk=patient.pk).update(first_name=word, last_name=word, allergies=[word])
        User.objects.filter(pk=patient.pk).update(email=f"{word.lower()}{patient.pk}@example.test")


@pytest.fixture
def sides(cast, uzima, pwani):
    """Both clinics with everything in them, their own people, and the words planted."""
    made = {}
    for clinic, patient, doctor in ((uzima, cast.patient, cast.doctor), (pwani, cast.other_patient, cast.other_doctor)):
        if clinic is pwani:
            factories.link_patient(patient, pwani)
        roles = ("owner", "manager", "front_desk", "pharmacist")
        staff = {role: factories.make_staff(clinic, role) for role in roles}
        ours = SimpleNamespace(
            **{
                **vars(cast),
                **{"uzima": clinic, "patient": patient, "doctor": doctor},
                **{"owner": staff["owner"], "staff": staff["front_desk"]},
            }
        )
        sample = make_sample(ours, event=f"sample-{clinic.slug}")
        with clinic_context(clinic):
            OutboxEvent.objects.create(kind="test.kept", payload={"appointment_id": "x"})
            ProviderEvent.objects.create(kind="charge.success", digest=clinic.slug, reference="r", payload={})
        made[clinic.slug] = SimpleNamespace(
            clinic=clinic,
            patient=patient,
            sample=sample,
            people={
                "stranger": None,
                "patient": patient.user,
                "doctor": doctor.user,
                **staff,
            },
        )
    for side in made.values():
        side.planted = plant_in_rows(side.clinic)
        plant_in_people(side.clinic, [side.patient])
    return made


class Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        for name in ("href", "hx-get", "data-status-url"):
            if tag != "link" and given.get(name):
                self.found.append(given[name])


def text_of(answer) -> str:
    """What a page or a download says."""
    return (answer.getvalue() if answer.streaming else answer.content).decode(errors="replace")


def crawl(user, starts, *, own_hosts):
    """(address, text) of every page within `own_hosts` that links lead to from `starts`."""
    clients = {host: client_for(host, user) for host in own_hosts}
    waiting = deque(starts)
    seen = set(starts)
    for _ in range(MOST_PAGES):
        if not waiting:
            return
        url = waiting.popleft()
        parts = urlsplit(url)
        answer = clients[parts.hostname].get(f"{parts.path}?{parts.query}" if parts.query else parts.path)
        text = text_of(answer)
        yield url, text + str(dict(answer.headers))
        leads = [answer["Location"]] if "Location" in answer else []
        if "html" in answer.headers.get("Content-Type", ""):
            leads += Links(text).found
        for lead in leads:
            target = urldefrag(urljoin(url, lead)).url
            host = urlsplit(target).hostname
            shape = urlsplit(target)._replace(query="").geturl() if "?" in target else target
            # Filters multiply: of one page's many queries a few stand for all.
            few = sum(1 for known in seen if known.startswith(shape + "?")) < 3
            if host in own_hosts and target not in seen and few and "logout" not in target:
                seen.add(target)
                waiting.append(target)


@pytest.mark.parametrize(("reader", "owner"), [("pwani", "uzima"), ("uzima", "pwani")])
def test_whoever_belongs_to_one_clinic_never_reads_a_word_of_the_other(sides, reader, owner):
    words = [word_of(sides[owner].clinic, what) for what in ("Row", "Person")]
    words += [word.lower() for word in words]
    mine, theirs = sides[reader], sides[owner]
    here, platform = hosts.clinic_host(mine.clinic), settings.PLATFORM_HOST
    found, pages = [], set()
    for role, user in mine.people.items():
        starts = [
            f"http://{here}:{settings.PUBLIC_PORT}{path}"
            for path in (
                "/",
                "/workspace/",
                "/workspace/calendar/",
                "/workspace/patients/",
                "/workspace/earnings/?range=this-year",
                "/workspace/earnings/export/?range=this-year",
                "/admin/",
                "/appointments/",
            )
        ] + [
            f"http://{platform}:{settings.PUBLIC_PORT}{path}"
            for path in (
                "/",
                "/me/",
                "/me/appointments/",
                "/me/notifications/",
                "/me/consents/",
                "/me/prescriptions/",
                "/doctors/",
                "/clinics/",
            )
        ]
        for url, text in crawl(user, starts, own_hosts={here, platform}):
            pages.add(url)
            found += [f"{role} at {url}: {word}" for word in words if word in text]
    assert not found, "\n" + "\n".join(found[:20])
    assert len(pages) > 60, "the crawl has seen the portal"
    assert not [key for key, value in cached(mine.clinic) if any(word.encode() in value for word in words)]
    # Else the search could not fail: the words are there, for those whom they are for.
    own = crawl(
        theirs.people["owner"],
        [f"http://{hosts.clinic_host(theirs.clinic)}/admin/"],
        own_hosts={hosts.clinic_host(theirs.clinic)},
    )
    assert any(word in text for _url, text in own for word in words)


def test_the_word_was_planted_where_people_write(sides):
    wanted = {
        "appointments_appointment.notes",
        "appointments_appointment.cancellation_reason",
        "appointments_timeoff.reason",
        *(f"appointments_consultation.{part}" for part in ("reason", "findings", "doctor_notes", "diagnosis", "plan")),
        "appointments_consultation.follow_up_notes",
        "appointments_consultationaddendum.text",
        "appointments_roommessage.text",
        "audit_auditlog.details",
        "audit_auditlog.user_agent",
        "payments_payment.provider_response",
        "payments_payment.payer_phone",
        "payments_refund.reason",
        "payments_providerevent.payload",
        "outbox_outboxevent.payload",
    }
    for side in sides.values():
        assert wanted - side.planted <= {"payments_payment.payer_phone"}


@pytest.mark.parametrize("owner", ["uzima", "pwani"])
def test_the_platforms_admin_shows_no_row_of_a_clinic(sides, cast, owner, at_admin):
    client = at_admin(cast.admin)
    word = word_of(sides[owner].clinic, "Row")
    waiting, seen = deque(["/"]), {"/"}
    while waiting and len(seen) < MOST_PAGES:
        url = waiting.popleft()
        answer = client.get(url)
        text = text_of(answer)
        assert word not in text, url
        for lead in Links(text).found:
            target = urldefrag(urljoin(url, lead)).url
            if target.startswith("/") and target not in seen and "logout" not in target and target.count("?") == 0:
                seen.add(target)
                waiting.append(target)
    assert len(seen) > 20


def cached(clinic):
    """What the cache keeps under this clinic's and the public schema's keys."""
    client = cache._cache.get_client()
    for prefix in (clinic.schema_name, "public"):
        for key in client.scan_iter(f"{prefix}:*"):
            yield key, client.get(key) or b""
