"""One of everything, and everybody who might ask for it."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client

from accounts.models import DoctorCredential
from accounts.services.family import add_child
from appointments.models import DoctorAvailability, TimeOff
from clinics.models import Domain, Membership
from precta import clock, hosts
from precta.audit.services import record
from precta.notifications.models import Notification
from precta.notifications.services import notify
from precta.payments.models import Payment, Refund
from precta.sessions import AdminSessionStore
from precta.tenancy import clinic_context
from tests import factories
from tests.permissions.matrix import STRANGER


@pytest.fixture
def people(cast):
    """The matrix's names → users."""
    return {
        STRANGER: None,
        "patient": cast.patient.user,
        "other_patient": cast.other_patient.user,
        "doctor": cast.doctor.user,
        "other_doctor": cast.other_doctor.user,
        "owner": cast.owner,
        "manager": factories.make_staff(cast.uzima, "manager"),
        "front_desk": cast.staff,
        "pharmacist": factories.make_staff(cast.uzima, "pharmacist"),
        "other_staff": factories.make_staff(cast.pwani, "owner"),
        "admin": cast.admin,
    }


@pytest.fixture
def sample(cast, people):
    """Parameter → value for every address: the things belong to `patient` and `doctor` of Uzima."""
    factories.make_full_week(cast.doctor)
    now = clock.now()
    at = (now + timedelta(days=3)).replace(hour=7, minute=0, second=0, microsecond=0)
    visit = factories.make_appointment(cast.patient, cast.doctor, at, fee=2500)
    link = add_child(
        guardian=cast.patient,
        by=cast.patient.user,
        relation="parent",
        values={
            "first_name": "Zawadi",
            "last_name": "Hassan",
            "date_of_birth": (now - timedelta(days=1500)).date(),
        },
    )
    notify(event_id="sample", user=cast.patient.user, type="general", title="t", body="b", channels=("push",))
    credential = DoctorCredential.objects.create(
        doctor=cast.doctor, type="license", name="Licence", file_url="private/licence.pdf"
    )
    with clinic_context(cast.uzima):
        payment = Payment.objects.create(
            user=cast.patient.user,
            type="appointment",
            subject_id=visit.pk,
            amount=2500,
            method="mpesa",
            status="completed",
            paid_at=now,
            charged_at=now,
            provider_reference=f"{cast.uzima.code}-sample",
        )
        type(visit).objects.filter(pk=visit.pk).update(payment=payment)
        refund = Refund.objects.create(payment=payment, key="k", subject_id="other", amount=1, reason="r")
        window = DoctorAvailability.objects.filter(doctor=cast.doctor).first()
        away = now + timedelta(days=20)
        time_off = TimeOff.objects.create(
            doctor=cast.doctor, starts_at=away, ends_at=away + timedelta(days=1), reason="Training"
        )
        entry = record("appointment.viewed", resource=visit, user=cast.doctor.user)
    public_entry = record("sign_in.succeeded", resource=cast.admin, user=cast.admin)
    clinic_link = cast.patient.clinic_links.get(clinic=cast.uzima)
    return SimpleNamespace(
        by_name={
            "doctor_id": cast.doctor.pk,
            "appointment_id": visit.pk,
            "visit_id": visit.pk,
            "window_id": window.pk,
            "time_off_id": time_off.pk,
            "link_id": link.pk,
            "notification_id": Notification.objects.get(event_id="sample").pk,
            "user_id": cast.patient.user.pk,
            "clinic_id": cast.uzima.pk,
            "day": "1",
        },
        by_model={
            "platform": {},
            "admin": {
                "clinics.clinic": cast.uzima.pk,
                "clinics.domain": Domain.objects.filter(tenant=cast.uzima).first().pk,
                "clinics.membership": Membership.objects.filter(clinic=cast.uzima).first().pk,
                "audit.auditlog": public_entry.pk,
                "accounts.user": cast.patient.user.pk,
                "accounts.doctor": cast.doctor.pk,
                "accounts.doctorcredential": credential.pk,
            },
            "clinic": {
                "accounts.clinicpatient": clinic_link.pk,
                "accounts.doctor": cast.doctor.pk,
                "appointments.appointment": visit.pk,
                "appointments.doctoravailability": window.pk,
                "appointments.timeoff": time_off.pk,
                "payments.payment": payment.pk,
                "payments.refund": refund.pk,
                "audit.auditlog": entry.pk,
                "clinics.membership": Membership.objects.filter(clinic=cast.uzima).first().pk,
                "clinics.clinic": cast.uzima.pk,
            },
        },
    )


FORM = "application/x-www-form-urlencoded"
HOSTS = {"platform": settings.PLATFORM_HOST, "admin": hosts.admin_host(), "clinic": f"uzima.{settings.PLATFORM_HOST}"}


@pytest.fixture
def knock(people):
    """`knock(host, person, method, path, raw=…)` → the answer, from a fresh browser each time."""
    keys: dict[tuple[str, str], str] = {}
    clients = {host: Client(HTTP_HOST=name, raise_request_exception=False) for host, name in HOSTS.items()}

    def key_of(person: str, host: str) -> str:
        kind = "admin" if host == "admin" else "shared"
        if (person, kind) not in keys:
            user = people[person]
            store = AdminSessionStore() if kind == "admin" else SessionStore()
            store[SESSION_KEY] = str(user.pk)
            store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
            store[HASH_SESSION_KEY] = user.get_session_auth_hash()
            store.save()
            keys[person, kind] = store.session_key
        return keys[person, kind]

    def knock(host: str, person: str, method: str, path: str, *, raw: bytes = b"", content_type: str = FORM):
        client = clients[host]
        client.cookies.clear()
        if person != STRANGER:
            name = settings.ADMIN_SESSION_COOKIE_NAME if host == "admin" else settings.SESSION_COOKIE_NAME
            client.cookies[name] = key_of(person, host)
        return client.generic(method, path, raw, content_type=content_type)

    for person in people:
        if person != STRANGER:
            for host in HOSTS:
                key_of(person, host)
    return knock
