"""One of everything, and everybody who might ask for it."""

from datetime import timedelta
from types import SimpleNamespace

from django.db import transaction

from accounts.models import DoctorClinicRequest, DoctorCredential
from accounts.services.family import add_child
from appointments.models import (
    AvailabilityException,
    AvailabilityRevision,
    ConsultationAddendum,
    DoctorAvailability,
    MedicalRecord,
    RoomMessage,
    TimeOff,
)
from appointments.services.projections import recount_consultations
from clinics.emergency import EmergencyAccess
from clinics.invitation_tokens import make_token
from clinics.models import Domain, Membership
from clinics.services.staff import invite
from content.models import Review, ReviewAnswer, ReviewReport
from content.services.articles import publish
from content.services.ratings import refresh_rating
from pharmacy.models import Prescription, PrescriptionTemplate
from pharmacy.services.desk import dispense
from pharmacy.services.issuing import letterhead_of
from pharmacy.services.substitution import propose
from precta import clock
from precta.audit.services import record
from precta.files import store
from precta.files.checks import check_upload
from precta.ids import new_id, new_secret_code
from precta.notifications.models import Notification
from precta.notifications.services import notify
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context
from tests import factories
from tests.content.writing import make_author, write
from tests.files import corpus
from tests.permissions.matrix import STRANGER
from tests.pharmacy.conftest import line
from tests.pharmacy.desk_helpers import batches_of, item_of, paid_order, stocked
from tests.pharmacy.shelf import make_batch, make_medicine


def make_people(cast):
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


def make_prepared_order(cast):
    """Of `patient` at Uzima: one line dispensed, another one waiting for the patient's answer."""
    given, missing = stocked(cast.uzima, "Zinc"), stocked(cast.uzima, "Cetirizine")
    order = paid_order(cast.uzima, cast.patient, (given, 1), (missing, 2), status="processing")
    item, [batch] = item_of(cast.uzima, order), batches_of(cast.uzima, given)
    with clinic_context(cast.uzima):
        dispensing = dispense(item=item, batch=batch, quantity=1, by_user=cast.owner)
        asked = propose(
            item=item_of(cast.uzima, order, 2),
            medicine=stocked(cast.uzima, "Loratadine"),
            quantity=2,
            reason="Sold out",
            by_user=cast.owner,
        )
    return order, asked, dispensing


def make_sample(cast, event: str = "sample"):
    """Parameter → value for every address: the things belong to `patient` and `doctor` of Uzima."""
    factories.make_full_week(cast.doctor)
    now = clock.now()
    at = (now + timedelta(days=3)).replace(hour=7, minute=0, second=0, microsecond=0)
    visit = factories.make_appointment(cast.patient, cast.doctor, at, fee=2500)
    # In progress, so that its room stays open however long the suite takes.
    video = factories.make_appointment(
        cast.patient, cast.doctor, now - timedelta(minutes=45), consultation_type="video", status="in_progress"
    )
    factories.make_consultation(video, ended_at=None)
    with clinic_context(cast.uzima):
        RoomMessage.objects.create(appointment=video, sender=cast.doctor.user, text="Paracetamol 500 mg")
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
    notify(event_id=event, user=cast.patient.user, type="general", title="t", body="b", channels=("push",))
    credential = DoctorCredential.objects.create(
        doctor=cast.doctor,
        type="license",
        name="Licence",
        file_url=store.put(check_upload(corpus.upload(corpus.pdf())), folder="credentials/sample"),
        content_type="application/pdf",
        original_name="licence.pdf",
    )
    applicant = factories.make_doctor(None, "Wanjiku", "Maina", verification_status="pending")
    asked = DoctorClinicRequest.objects.create(doctor=applicant, clinic=cast.uzima)
    cancelled = factories.make_appointment(
        cast.patient, cast.doctor, at + timedelta(days=1), fee=2500, status="cancelled", refund_due=1250
    )
    seen = factories.make_appointment(cast.patient, cast.doctor, at - timedelta(days=10), status="completed")
    signed = factories.make_consultation(
        seen, reason="r", findings="f", diagnosis="d", plan="p", doctor_notes="n", finished_at=now
    )
    with clinic_context(cast.uzima):
        ConsultationAddendum.objects.create(consultation=signed, author=cast.doctor.user, text="Added")
        payment, paid_back = (
            Payment.objects.create(
                user=cast.patient.user,
                type="appointment",
                subject_id=row.pk,
                amount=2500,
                method="mpesa",
                status="completed",
                paid_at=now,
                charged_at=now,
                provider_reference=f"{cast.uzima.code}-{row.pk}",
            )
            for row in (visit, cancelled)
        )
        type(visit).objects.filter(pk=visit.pk).update(payment=payment)
        type(visit).objects.filter(pk=cancelled.pk).update(payment=paid_back)
        refund = Refund.objects.create(
            payment=paid_back, key="k", subject_id=cancelled.pk, amount=1250, reason="cancelled", status="processed"
        )
        window = DoctorAvailability.objects.filter(doctor=cast.doctor).first()
        away = now + timedelta(days=20)
        differs = AvailabilityException.objects.create(doctor=cast.doctor, date=away.date())
        revision = AvailabilityRevision.objects.create(
            doctor=cast.doctor, before={"weekly": [], "days": []}, after="overtaken", saved_by=cast.doctor.user
        )
        time_off = TimeOff.objects.create(
            doctor=cast.doctor, starts_at=away, ends_at=away + timedelta(days=1), reason="Training"
        )
        document, deleted = (
            MedicalRecord.objects.create(
                patient=cast.patient,
                type="lab_result",
                name="Blood count",
                file_url=store.put(check_upload(corpus.upload(corpus.pdf())), folder="records"),
                preview_url=store.put(check_upload(corpus.upload(corpus.picture(), "a.jpg")), folder="records"),
                file_size_bytes=len(corpus.pdf()),
                mime_type="application/pdf",
                uploaded_by=cast.patient.user,
                deleted_at=deleted_at,
            )
            for deleted_at in (None, now)
        )
        prescription = Prescription.objects.create(
            appointment=visit,
            patient=cast.patient,
            doctor=cast.doctor,
            medications=[line("Amoxicillin 500 mg capsule")],
            valid_until=(now + timedelta(days=30)).date(),
            verification_code=f"{cast.uzima.code}-{new_secret_code()}",
            letterhead=letterhead_of(cast.uzima, cast.doctor, cast.patient),
            idempotency_key=new_id(),
        )
        medicine = make_medicine(cast.owner)
        make_batch(cast.owner, medicine)
        template = PrescriptionTemplate.objects.create(doctor=cast.doctor, name="Fever", medications=[line()])
        entry = record("appointment.viewed", resource=visit, user=cast.doctor.user)
    author = make_author(cast.admin)
    article = publish(
        article=write(cast.admin, author=cast.admin, slug=f"blood-{event}", topic=event), by_user=cast.admin
    )
    order, proposed, dispensing = make_prepared_order(cast)
    review = Review.objects.create(
        patient=cast.patient,
        doctor=cast.doctor,
        clinic=cast.uzima,
        consultation_id=signed.pk,
        visited_on=seen.scheduled_at.date(),
        written_by=cast.patient.user,
        rating=4,
        comment="She listened.",
        # Who wants no name beside the stars has it nowhere: the canaries look for it.
        is_anonymous=True,
        moderation_status="approved",
        moderated_at=now,
    )
    with transaction.atomic():
        refresh_rating(cast.doctor.pk)
    with clinic_context(cast.uzima):
        recount_consultations(cast.doctor.pk)
    answer = ReviewAnswer.objects.create(review=review, text="Thank you.")
    report = ReviewReport.objects.create(review=review, reported_by=cast.doctor.user, reason="abuse")
    public_entry = record("sign_in.succeeded", resource=cast.admin, user=cast.admin)
    invitation = invite(clinic=cast.uzima, by=cast.owner, role="pharmacist", email=cast.other_patient.user.email)
    opened = now - timedelta(days=1)
    access = EmergencyAccess.objects.create(
        user=cast.admin,
        clinic=cast.uzima,
        reason="A refund hangs",
        opened_at=opened,
        expires_at=opened + timedelta(hours=1),
    )
    clinic_link = cast.patient.clinic_links.get(clinic=cast.uzima)
    application = factories.make_application(cast.patient.user)
    return SimpleNamespace(
        by_name={
            "doctor_id": cast.doctor.pk,
            "appointment_id": visit.pk,
            "visit_id": visit.pk,
            "video_visit_id": video.pk,
            "patient_id": cast.patient.pk,
            "window_id": window.pk,
            "exception_id": differs.pk,
            "revision_id": revision.pk,
            "time_off_id": time_off.pk,
            "link_id": link.pk,
            "consent_id": cast.patient.consents.get(clinic=cast.uzima).pk,
            "notification_id": Notification.objects.get(event_id=event).pk,
            "user_id": cast.patient.user.pk,
            "credential_id": credential.pk,
            "request_id": asked.pk,
            "clinic_id": cast.uzima.pk,
            "application_id": application.pk,
            "day": "1",
            "invitation_id": invitation.pk,
            "token": make_token(invitation.pk, invitation.sendings),
            "membership_id": cast.staff.memberships.get(clinic=cast.uzima).pk,
            "payment_id": payment.pk,
            "refund_id": refund.pk,
            "record_id": document.pk,
            "article_id": article.pk,
            "article_slug": article.slug,
            "author_slug": author.slug,
            "deleted_id": deleted.pk,
            "prescription_id": prescription.pk,
            "template_id": template.pk,
            "order_id": order.pk,
            "item_id": proposed.item_id,
            "substitution_id": proposed.pk,
            "dispensing_id": dispensing.pk,
            "consultation_id": signed.pk,
            "review_id": review.pk,
            "answer_id": answer.pk,
            "report_id": report.pk,
            "code": prescription.verification_code,
        },
        by_model={
            "platform": {},
            "admin": {
                "clinics.clinic": cast.uzima.pk,
                "clinics.clinicapplication": application.pk,
                "clinics.domain": Domain.objects.filter(tenant=cast.uzima).first().pk,
                "clinics.emergencyaccess": access.pk,
                "clinics.membership": Membership.objects.filter(clinic=cast.uzima).first().pk,
                "audit.auditlog": public_entry.pk,
                "accounts.user": cast.patient.user.pk,
                "accounts.doctor": cast.doctor.pk,
                "accounts.doctorcredential": credential.pk,
                "content.article": article.pk,
                "content.author": author.pk,
                "content.review": review.pk,
                "content.reviewanswer": answer.pk,
                "content.reviewreport": report.pk,
            },
            "clinic": {
                "accounts.clinicpatient": clinic_link.pk,
                "accounts.doctor": cast.doctor.pk,
                "appointments.appointment": visit.pk,
                "appointments.doctoravailability": window.pk,
                "appointments.timeoff": time_off.pk,
                "payments.payment": payment.pk,
                "payments.refund": refund.pk,
                "pharmacy.prescription": prescription.pk,
                "pharmacy.medicine": medicine.pk,
                "pharmacy.order": order.pk,
                "audit.auditlog": entry.pk,
                "clinics.emergencyaccess": access.pk,
                "clinics.membership": Membership.objects.filter(clinic=cast.uzima).first().pk,
                "clinics.clinic": cast.uzima.pk,
            },
        },
    )
