"""A word planted in every place of one clinic stands on no page of the other, whoever looks there."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import get_resolver
from django.utils import timezone

from appointments.models import ConsultationAddendum, MedicalRecord, RoomMessage, TimeOff
from clinics.admin_sites import clinic_admin
from clinics.models import Clinic
from content.models import Review, ReviewAnswer, ReviewReport
from pharmacy.models import Medicine, Order, OrderItem, Prescription, PrescriptionTemplate
from pharmacy.services.substitution import propose
from precta import hosts
from precta.audit.services import record
from precta.files import store
from precta.files.checks import check_upload
from precta.payments.models import Refund
from precta.tenancy import clinic_context
from tests import factories
from tests.appointments.money_helpers import pay
from tests.files import corpus
from tests.pharmacy.conftest import line
from tests.pharmacy.desk_helpers import item_of, paid_order, stocked

CANARY = "Zorilla"


@pytest.fixture
def planted(cast):
    """What an attacker at Pwani might name: ids of Uzima, whose every free text holds the canary."""
    now = timezone.now()
    Clinic.objects.filter(pk=cast.uzima.pk).update(name=f"{CANARY} Clinic", address=CANARY, description=CANARY)
    doctor = factories.make_doctor(cast.uzima, CANARY, CANARY, bio=CANARY, license_number=CANARY)
    person = factories.make_patient(CANARY, CANARY, allergies=[CANARY], email=f"{CANARY}@example.test")
    factories.link_patient(person, cast.uzima)
    visit = factories.make_appointment(person, doctor, now + timedelta(days=2), notes=CANARY, fee=Decimal(2500))
    factories.make_appointment(
        person, doctor, now + timedelta(days=3), status="cancelled", notes=CANARY, cancellation_reason=CANARY
    )
    seen = factories.make_appointment(person, doctor, now - timedelta(days=3), status="completed", notes=CANARY)
    parts = ("reason", "findings", "doctor_notes", "diagnosis", "plan", "follow_up_notes")
    notes = factories.make_consultation(seen, finished_at=now, **dict.fromkeys(parts, CANARY))
    video = factories.make_appointment(person, doctor, now, consultation_type="video", notes=CANARY)
    payment = pay(visit, 2500, at=now)
    window = factories.make_window(doctor, 1, "08:00", "12:00")
    with clinic_context(cast.uzima):
        away = TimeOff.objects.create(
            doctor=doctor, starts_at=now + timedelta(days=5), ends_at=now + timedelta(days=6), reason=CANARY
        )
        ConsultationAddendum.objects.create(consultation=notes, author=doctor.user, text=CANARY)
        RoomMessage.objects.create(appointment=video, sender=doctor.user, text=CANARY)
        Refund.objects.create(payment=payment, key="k", subject_id=visit.pk, amount=Decimal(1), reason=CANARY)
        prescription = Prescription.objects.create(
            appointment=visit,
            patient=person,
            doctor=doctor,
            medications=[line(CANARY, dosage=CANARY, instructions=CANARY)],
            instructions=CANARY,
            verification_code=f"{cast.uzima.code}-{CANARY}",
            letterhead={"clinic": CANARY, "doctor": CANARY, "patient": CANARY},
            overrides=[{"kind": "allergy", "medicine": CANARY, "against": CANARY, "reason": CANARY}],
            idempotency_key="canary",
        )
        template = PrescriptionTemplate.objects.create(
            doctor=doctor, name=CANARY, medications=[line(CANARY)], instructions=CANARY
        )
        document, deleted = (
            MedicalRecord.objects.create(
                patient=person,
                type="other",
                name=CANARY,
                description=CANARY,
                file_url=store.put(check_upload(corpus.upload(corpus.pdf())), folder="records"),
                file_size_bytes=1,
                mime_type="application/pdf",
                uploaded_by=person.user,
                metadata={"file_name": CANARY},
                deleted_at=deleted_at,
            )
            for deleted_at in (None, now)
        )
        medicine = Medicine.objects.create(
            sku=CANARY[:40],
            generic_name=CANARY,
            brand_name=CANARY,
            substances=[CANARY],
            form="tablet",
            pack_size=10,
            pack_unit="tablets",
            price=Decimal(100),
            is_prescription_only=False,
        )
        order = Order.objects.create(
            patient=person,
            placed_by=person.user,
            prescription=prescription,
            status="cancelled",
            cancelled_at=now,
            cancellation_reason=CANARY,
            refund_due=0,
            subtotal=100,
            total_amount=100,
            fulfilment="delivery",
            delivery_address=CANARY,
            delivery_notes=CANARY,
            courier_name=CANARY,
            received_by=CANARY,
            idempotency_key="canary",
        )
        OrderItem.objects.create(
            order=order,
            medicine=medicine,
            position=1,
            name=CANARY,
            quantity=1,
            ordered_quantity=1,
            unit_price=100,
            total_price=100,
            directions=CANARY,
        )
        record("canary.planted", resource=visit, user=person.user, details={"canary": CANARY})
    order, asked = _planted_order(cast, person)
    # Published, so that it stands on every page of its doctor: none of those is the other clinic's.
    review = Review.objects.create(
        patient=person,
        doctor=doctor,
        clinic=cast.uzima,
        consultation_id=notes.pk,
        visited_on=now.date(),
        written_by=person.user,
        rating=1,
        comment=CANARY,
        moderation_status="approved",
        moderated_at=now,
    )
    ReviewAnswer.objects.create(review=review, text=CANARY, moderation_status="approved", moderated_at=now)
    ReviewReport.objects.create(review=review, reported_by=doctor.user, reason="other", details=CANARY)
    return {
        "doctor_id": doctor.pk,
        "order_id": order.pk,
        "item_id": asked.item_id,
        "substitution_id": asked.pk,
        "consultation_id": notes.pk,
        "review_id": review.pk,
        "appointment_id": visit.pk,
        "visit_id": visit.pk,
        "seen_id": seen.pk,
        "video_visit_id": video.pk,
        "window_id": window.pk,
        "time_off_id": away.pk,
        "prescription_id": prescription.pk,
        "template_id": template.pk,
        "record_id": document.pk,
        "deleted_id": deleted.pk,
        "day": 1,
        "name": f"{'0' * 32}.png",
        "rows": (
            visit.pk,
            payment.pk,
            window.pk,
            away.pk,
            doctor.pk,
            cast.uzima.pk,
            prescription.pk,
            order.pk,
            review.pk,
        ),
    }


def _planted_order(cast, person):
    """A delivery with an open question about its line."""
    medicine, other = (stocked(cast.uzima, CANARY, sku=f"{CANARY}-{n}", brand_name=CANARY) for n in (1, 2))
    order = paid_order(
        cast.uzima,
        person,
        (medicine, 2),
        status="processing",
        delivery_notes=CANARY,
        delivery_zone=CANARY,
        courier_name=CANARY,
        received_by=CANARY,
    )
    with clinic_context(cast.uzima):
        asked = propose(item=item_of(cast.uzima, order), medicine=other, quantity=2, reason=CANARY, by_user=cast.owner)
    return order, asked


def addresses(planted):
    """Every page of a clinic's host with Uzima's ids in it, and every list and row of its admin."""
    found = set(_walk(get_resolver(hosts.URLCONFS["clinic"]).url_patterns, "/", planted))
    for model in clinic_admin._registry:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        found |= {base, f"{base}?q={CANARY[:4]}"} | {
            f"{base}{pk}/{page}/" for pk in planted["rows"] for page in ("change", "history")
        }
    for route, _view, _name in clinic_admin._pages:
        # Whatever the page asks for, the ids are Uzima's.
        found |= {"/admin/" + re.sub(r"<[^>]+>", str(pk), route) for pk in planted["rows"]}
    return found | {
        f"/workspace/?visit={planted['visit_id']}",
        f"/workspace/visits/{planted['seen_id']}/",
        f"/appointments/{planted['seen_id']}/",
        f"/appointments/{planted['video_visit_id']}/",
        f"/workspace/patients/?q={CANARY[:4]}",
        f"/workspace/earnings/?range=this-year&doctor={planted['doctor_id']}",
        f"/doctors/?q={CANARY[:4]}",
        f"/appointments/?person={planted['doctor_id']}&clinic=uzima",
        f"/records/?person={planted['doctor_id']}&q={CANARY[:4]}",
        "/records/?deleted=1",
    }


def _walk(patterns, prefix, planted):
    for pattern in patterns:
        route = str(pattern.pattern)
        if route.startswith("admin/"):
            continue
        if hasattr(pattern, "url_patterns"):
            yield from _walk(pattern.url_patterns, prefix + route, planted)
            continue
        names = pattern.pattern.converters
        path = prefix + route
        for name, converter in names.items():
            kind = "int" if type(converter).__name__ == "IntConverter" else "id"
            value = str(planted.get(name, planted["visit_id"]))
            path = path.replace(f"<{kind}:{name}>", value).replace(f"<path:{name}>", value)
        assert "<" not in path, path
        yield path


@pytest.mark.parametrize("who", ["nobody", "patient", "doctor", "owner", "admin"])
def test_nothing_of_one_clinic_is_read_on_the_other(cast, planted, at_clinic, who):
    person = {
        "nobody": None,
        "patient": cast.other_patient.user,
        "doctor": cast.other_doctor.user,
        "owner": factories.make_staff(cast.pwani, "owner"),
        "admin": cast.admin,
    }[who]
    factories.link_patient(cast.other_patient, cast.pwani)
    factories.make_appointment(cast.other_patient, cast.other_doctor, timezone.now() + timedelta(days=2))
    client = at_clinic(cast.pwani, person)
    looked_at = addresses(planted)
    assert len(looked_at) > 60
    for url in sorted(looked_at):
        if "logout" in url:
            continue
        answer = client.get(url)
        assert answer.status_code < 500, url
        assert CANARY.encode() not in answer.getvalue(), url


def test_the_canary_is_seen_where_it_belongs(cast, planted, at_clinic):
    """Else the test above could not fail."""
    client = at_clinic(cast.uzima, cast.owner)
    assert CANARY in client.get("/admin/appointments/appointment/").content.decode()
    assert CANARY in at_clinic(cast.uzima).get("/doctors/").content.decode()
