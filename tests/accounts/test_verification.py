"""Deciding on doctors and papers, what becomes of a licence that ends, and who is told."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.exceptions import ApplicationLocked, DecidedAlready, PapersUndecided, SubmittedAlready
from accounts.models import Doctor, DoctorCredential, VerificationDecision
from accounts.services import doctor_application, verification
from accounts.services.doctor_application import add_credential, answer_clinic, ask_clinic, save_profile, submit
from accounts.services.verification import (
    approve_credential,
    approve_doctor,
    lapse_licences,
    reject_credential,
    reject_doctor,
    warn_of_expiry,
    withdraw_verification,
)
from precta.audit.models import AuditLog
from precta.files.checks import check_upload
from precta.notifications.models import Notification
from precta.outbox.models import OutboxEvent
from precta.outbox.services import relay_event
from precta.tenancy import clinic_context
from tests import factories
from tests.files import corpus

pytestmark = pytest.mark.django_db
KINDS = ("license", "degree", "id")
# Nairobi is three hours ahead: 20:59 UTC is the last minute of the day there, 21:00 the first of the next.
LAST_DAY = date(2027, 3, 10)
LAST_MINUTE = datetime(2027, 3, 10, 20, 59, tzinfo=UTC)
NEXT_MINUTE = datetime(2027, 3, 10, 21, 0, tzinfo=UTC)


def file_of(pages):
    return check_upload(corpus.upload(corpus.pdf(pages=pages)))


def values_for(kind, **more):
    ends = {"expires_at": timezone.localdate() + timedelta(days=300)} if kind == "license" else {}
    return {"type": kind, "name": kind.title(), "issued_by": "Council", **ends, **more}


@pytest.fixture
def sent(uzima):
    doctor = factories.make_applicant(uzima)
    return submit(doctor=doctor, by=doctor.user)


@pytest.fixture
def verified(sent, cast):
    for paper in sent.credentials.all():
        approve_credential(credential=paper, by=cast.admin)
    return approve_doctor(doctor=sent, by=cast.admin)


def relay(*kinds):
    """Every event written so far, in every schema the tests know."""
    from clinics.models import Clinic

    for event in OutboxEvent.objects.filter(relayed_at__isnull=True):
        relay_event(event.pk)
    for clinic in Clinic.objects.all():
        with clinic_context(clinic):
            for event in OutboxEvent.objects.filter(relayed_at__isnull=True):
                relay_event(event.pk)


def told(user, channel="push"):
    return list(Notification.objects.filter(user=user, channel=channel).values_list("title", flat=True))


def is_found(doctor):
    return Doctor.objects.public().filter(pk=doctor.pk).exists()


def kinds(doctor):
    return list(
        VerificationDecision.objects.filter(doctor=doctor).order_by("created_at", "pk").values_list("kind", flat=True)
    )


# Deciding


def test_a_doctor_is_verified_when_every_paper_is_and_is_found_at_once(sent, cast):
    assert not is_found(sent)
    for paper in sent.credentials.all():
        with pytest.raises(PapersUndecided):
            approve_doctor(doctor=sent, by=cast.admin)
        approve_credential(credential=paper, by=cast.admin)
    approve_doctor(doctor=sent, by=cast.admin)
    assert is_found(sent)
    assert (sent.verified_by, sent.submitted_at) == (cast.admin, None)
    assert kinds(sent) == ["submitted", "approved", "approved", "approved", "approved"]
    assert OutboxEvent.objects.filter(kind="doctor.changed", payload__doctor_id=sent.pk).exists()
    relay()
    assert "You are verified" in told(sent.user, "email")


def test_a_paper_that_nobody_had_to_bring_can_still_be_decided_on_after_the_doctor(sent, cast):
    for paper in sent.credentials.all():
        approve_credential(credential=paper, by=cast.admin)
    extra = sent.credentials.get(type="license")
    extra.pk, extra.type, extra.verification_status = None, "certification", "pending"
    extra.decided_by = extra.decided_at = None
    extra.save(force_insert=True)
    approve_doctor(doctor=sent, by=cast.admin)
    assert is_found(sent) and sent.submitted_at is not None
    approve_credential(credential=extra, by=cast.admin)
    sent.refresh_from_db()
    assert sent.submitted_at is None


def test_a_rejected_application_is_sent_again_with_the_new_paper_and_keeps_its_history(sent, cast):
    licence = sent.credentials.get(type="license")
    reject_credential(credential=licence, by=cast.admin, reason_code="unreadable", note="It is blurred.")
    reject_doctor(doctor=sent, by=cast.admin, reason_code="papers", note="Please see the licence.")
    relay()
    body = Notification.objects.get(user=sent.user, channel="email", title__contains="another look").body
    assert "It is blurred." in body and "Please see the licence." in body
    assert not is_found(sent)
    better = add_credential(doctor=sent, by=sent.user, file=file_of(9), values=values_for("license"), replaces=licence)
    assert better.replaces == licence
    submit(doctor=sent, by=sent.user)
    assert kinds(sent) == ["submitted", "rejected", "rejected", "resubmitted"]


def test_a_verification_is_withdrawn_once_and_everybody_concerned_is_told(verified, cast):
    withdraw_verification(doctor=verified, by=cast.admin, reason_code="sanctioned", note="Your council says no.")
    assert not is_found(verified)
    assert (verified.verification_status, verified.verified_at, verified.submitted_at) == ("rejected", None, None)
    with pytest.raises(DecidedAlready):
        withdraw_verification(doctor=verified, by=cast.admin, note="x")
    assert kinds(verified)[-2:] == ["approved", "rejected"]
    assert AuditLog.objects.filter(action="doctor.verification_withdrawn").count() == 1
    relay()
    assert "You are no longer verified" in told(verified.user, "email")
    assert "A doctor is no longer verified" in told(cast.owner)
    submit(doctor=verified, by=verified.user)
    approve_doctor(doctor=verified, by=cast.admin)
    assert is_found(verified)


def test_what_waits_or_was_sent_back_has_no_verification_to_withdraw(sent, cast):
    for _ in range(2):
        with pytest.raises(DecidedAlready):
            withdraw_verification(doctor=sent, by=cast.admin, note="x")
        Doctor.objects.filter(pk=sent.pk).update(verification_status="rejected", submitted_at=None)


def test_what_was_decided_is_not_decided_again(sent, cast):
    paper = sent.credentials.first()
    approve_credential(credential=paper, by=cast.admin)
    with pytest.raises(DecidedAlready):
        reject_credential(credential=paper, by=cast.admin, note="x")
    reject_doctor(doctor=sent, by=cast.admin, note="x")
    for act in (approve_doctor, reject_doctor):
        with pytest.raises(DecidedAlready):
            act(doctor=sent, by=cast.admin, note="x")
    paper.refresh_from_db()
    assert paper.verification_status == "verified"
    assert kinds(sent) == ["submitted", "approved", "rejected"]


def test_a_draft_is_not_decided_on(uzima, cast):
    doctor = factories.make_applicant(uzima)
    with pytest.raises(DecidedAlready):
        approve_doctor(doctor=doctor, by=cast.admin)
    with pytest.raises(DecidedAlready):
        approve_credential(credential=doctor.credentials.first(), by=cast.admin)
    assert kinds(doctor) == []


def test_the_trail_names_what_was_decided_and_holds_no_words(sent, cast):
    reject_doctor(doctor=sent, by=cast.admin, reason_code="papers", note="Your name is spelt wrongly.")
    entry = AuditLog.objects.get(action="doctor.rejected")
    assert (entry.user_id, entry.details) == (cast.admin.pk, {"reason": "papers"})


def test_a_second_sending_is_refused_and_written_once(sent):
    with pytest.raises(SubmittedAlready):
        submit(doctor=sent, by=sent.user)
    assert kinds(sent) == ["submitted"]
    assert OutboxEvent.objects.filter(kind="doctor.submitted").count() == 1


# A verified doctor


def test_a_change_of_name_asks_for_a_new_verification_and_says_so_before(verified, at_platform):
    client = at_platform(verified.user)
    data = {
        "first_name": "Njeri",
        "last_name": "Maina",
        "bio": "New.",
        "specialties": ["paediatrics"],
        "languages": ["en"],
    }
    answer = client.post("/join/doctor/about/", data)
    assert answer.status_code == 200
    assert "new verification" in answer.content.decode()
    assert is_found(verified)
    answer = client.post("/join/doctor/about/", {**data, "confirm": "1"})
    assert answer.status_code == 302
    assert not is_found(verified)
    assert kinds(verified)[-1] == "resubmitted"
    verified.refresh_from_db()
    assert (verified.first_name, verified.verification_status) == ("Njeri", "pending")
    assert verified.submitted_at


def test_fee_words_and_languages_change_without_being_asked(verified, at_platform):
    client = at_platform(verified.user)
    client.post(
        "/join/doctor/visits/",
        {"consultation_fee": "3000", "consultation_duration_minutes": "45", "consultation_modes": ["video"]},
    )
    verified.refresh_from_db()
    assert (verified.consultation_fee, verified.consultation_duration_minutes) == (3000, 45)
    assert is_found(verified)
    assert OutboxEvent.objects.filter(kind="doctor.changed", payload__doctor_id=verified.pk).count() >= 2


def test_a_new_licence_is_checked_while_the_doctor_stays_verified(verified, cast):
    old = verified.credentials.get(type="license")
    later = timezone.localdate() + timedelta(days=700)
    new = add_credential(
        doctor=verified,
        by=verified.user,
        file=file_of(8),
        values=values_for("license", expires_at=later),
        replaces=old,
    )
    verified.refresh_from_db()
    assert verified.submitted_at and is_found(verified)
    with pytest.raises(ApplicationLocked):
        add_credential(doctor=verified, by=verified.user, file=file_of(7), values=values_for("degree"))
    approve_credential(credential=new, by=cast.admin)
    verified.refresh_from_db()
    assert verified.submitted_at is None
    relay()
    assert "Your new paper is verified" in told(verified.user, "email")


# Ends


def set_end(doctor, day):
    DoctorCredential.objects.filter(doctor=doctor, type="license").update(expires_at=day)


@pytest.mark.parametrize(("now", "found"), [(LAST_MINUTE, True), (NEXT_MINUTE, False)])
def test_a_doctor_is_found_through_the_last_day_of_the_licence_and_not_after(verified, now, found):
    set_end(verified, LAST_DAY)
    assert lapse_licences(now=now) == (0 if found else 1)
    assert is_found(verified) is found
    assert ("lapsed" in kinds(verified)) is not found


def test_a_licence_lapses_once_and_doctor_and_clinic_are_told(verified, cast):
    set_end(verified, LAST_DAY)
    assert [lapse_licences(now=NEXT_MINUTE), lapse_licences(now=NEXT_MINUTE + timedelta(hours=1))] == [1, 0]
    assert kinds(verified).count("lapsed") == 1
    relay()
    assert "Your licence has ended" in told(verified.user, "email")
    assert "The licence of a doctor has ended" in told(cast.owner, "email")
    assert told(cast.staff) == []
    assert OutboxEvent.objects.filter(kind="doctor.changed", payload__doctor_id=verified.pk).exists()


def test_one_doctors_trouble_keeps_no_other_found(verified, uzima, monkeypatch):
    broken = factories.make_doctor(uzima, "Brian", "Kamau")
    DoctorCredential.objects.create(
        doctor=broken,
        type="license",
        name="Licence",
        file_url="x",
        expires_at=LAST_DAY - timedelta(days=1),
        verification_status="verified",
        decided_at=timezone.now(),
    )
    set_end(verified, LAST_DAY)

    def tell(doctor):
        if doctor.pk == broken.pk:
            raise RuntimeError("a schema that cannot be entered")

    monkeypatch.setattr("accounts.services.verification.tell_changed", tell)
    assert lapse_licences(now=NEXT_MINUTE) == 1
    assert not is_found(verified) and is_found(broken)


def test_a_doctor_with_a_longer_licence_stays_when_the_old_one_ends(verified, cast):
    set_end(verified, LAST_DAY)
    DoctorCredential.objects.create(
        doctor=verified,
        type="license",
        name="New",
        file_url="x",
        expires_at=date(2028, 1, 1),
        verification_status="verified",
        decided_at=timezone.now(),
    )
    assert lapse_licences(now=NEXT_MINUTE) == 0
    assert is_found(verified)


def test_a_pending_new_licence_does_not_keep_a_doctor_found(verified):
    set_end(verified, LAST_DAY)
    DoctorCredential.objects.create(
        doctor=verified, type="license", name="New", file_url="x", expires_at=date(2028, 1, 1)
    )
    assert lapse_licences(now=NEXT_MINUTE) == 1


def test_a_doctor_without_papers_on_record_is_left_alone(cast):
    assert lapse_licences(now=NEXT_MINUTE) == 0
    assert is_found(cast.doctor)


def test_a_lapsed_doctor_comes_back_with_a_new_licence(verified, cast):
    old = verified.credentials.get(type="license")
    set_end(verified, timezone.localdate() - timedelta(days=1))
    lapse_licences()
    verified.refresh_from_db()
    new = add_credential(doctor=verified, by=verified.user, file=file_of(6), values=values_for("license"), replaces=old)
    submit(doctor=verified, by=verified.user)
    approve_credential(credential=new, by=cast.admin)
    approve_doctor(doctor=verified, by=cast.admin)
    assert is_found(verified)


@pytest.mark.parametrize(
    ("left", "warned"), [(61, None), (60, 60), (59, 60), (31, 60), (30, 30), (8, 30), (7, 7), (0, 7), (-1, None)]
)
def test_a_reminder_comes_60_30_and_7_days_before(verified, left, warned):
    set_end(verified, LAST_DAY)
    now = datetime(2027, 3, 10, 9, tzinfo=UTC) - timedelta(days=left)
    assert warn_of_expiry(now=now) == (1 if warned else 0)
    assert verified.credentials.get(type="license").warned_days == warned


def test_each_reminder_comes_once_to_doctor_and_managers(verified, cast):
    set_end(verified, LAST_DAY)
    for left in range(65, -3, -1):
        for hour in (3, 9, 15):
            warn_of_expiry(now=datetime(2027, 3, 10, hour, tzinfo=UTC) - timedelta(days=left))
    relay()
    assert told(verified.user, "email").count("Your licence ends on 10 March 2027") == 3
    assert told(cast.owner, "email").count("The licence of Dr Wanjiku Maina ends on 10 March 2027") == 3
    assert told(cast.staff) == []


def test_nobody_is_reminded_of_a_licence_whose_successor_waits(verified):
    set_end(verified, LAST_DAY)
    DoctorCredential.objects.create(
        doctor=verified, type="license", name="New", file_url="x", expires_at=date(2028, 1, 1)
    )
    assert warn_of_expiry(now=LAST_MINUTE) == 0


def test_the_hourly_job_does_both(verified):
    from accounts.tasks import watch_licences

    set_end(verified, timezone.localdate() - timedelta(days=2))
    watch_licences()
    assert not is_found(verified)


# The clinic


def test_both_sides_hear_of_a_request_and_its_answer(cast):
    doctor = factories.make_applicant()
    request = ask_clinic(doctor=doctor, by=doctor.user, clinic=cast.uzima)
    relay()
    assert "A doctor would like to work at your clinic" in told(cast.owner, "email")
    assert told(cast.staff) == []
    answer_clinic(request=request, by=cast.owner, accept=False, reason="We are full.")
    relay()
    letter = Notification.objects.get(user=doctor.user, channel="email")
    assert letter.title == "Uzima Clinic could not accept you"
    assert "We are full." in letter.body


# Races


@pytest.mark.django_db(transaction=True)
def test_of_two_sendings_at_once_one_is_written(uzima):
    doctor = factories.make_applicant(uzima)
    outcomes = []
    barrier = threading.Barrier(2)

    def send():
        try:
            barrier.wait(5)
            submit(doctor=Doctor.objects.get(pk=doctor.pk), by=doctor.user)
            outcomes.append("sent")
        except SubmittedAlready:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join(20) for thread in threads]
    assert sorted(outcomes) == ["refused", "sent"]
    assert kinds(doctor) == ["submitted"]


@pytest.mark.django_db(transaction=True)
def test_a_paper_is_not_taken_back_while_it_is_being_sent(uzima):
    doctor = factories.make_applicant(uzima)
    paper = doctor.credentials.get(type="id")
    barrier = threading.Barrier(2)
    outcomes = {}

    def act(name, what):
        try:
            barrier.wait(5)
            what()
            outcomes[name] = "done"
        except Exception as error:
            outcomes[name] = type(error).__name__
        finally:
            connection.close()

    threads = [
        threading.Thread(target=act, args=("send", lambda: submit(doctor=doctor, by=doctor.user))),
        threading.Thread(
            target=act,
            args=("remove", lambda: doctor_application.remove_credential(credential=paper, by=doctor.user)),
        ),
    ]
    [thread.start() for thread in threads]
    [thread.join(20) for thread in threads]
    assert outcomes in (
        {"send": "done", "remove": "ApplicationLocked"},
        {"send": "ApplicationIncomplete", "remove": "done"},
    )


def test_a_change_of_profile_is_refused_while_the_application_waits(sent):
    with pytest.raises(ApplicationLocked):
        save_profile(doctor=sent, by=sent.user, values={"license_number": "B-2", "bio": "New"})
    sent.refresh_from_db()
    assert (sent.license_number, sent.bio) == ("A-1", "I see children.")
    assert verification.today_for(sent, NEXT_MINUTE) == LAST_DAY + timedelta(days=1)


def test_other_papers_are_reminded_of_too_and_hide_nobody(verified):
    DoctorCredential.objects.filter(doctor=verified).update(expires_at=None)
    verified.credentials.filter(type="degree").update(expires_at=LAST_DAY, name="Fellowship")
    for left in (60, 30, 7):
        assert warn_of_expiry(now=LAST_MINUTE - timedelta(days=left)) == 1
        assert warn_of_expiry(now=LAST_MINUTE - timedelta(days=left)) == 0
    relay("credential.ending")
    told = Notification.objects.filter(user=verified.user, channel="email", body__contains="Fellowship")
    assert [notice.title for notice in told] == ["One of your papers ends on 10 March 2027"] * 3
    assert lapse_licences(now=NEXT_MINUTE) == 0


def test_a_paper_whose_replacement_is_there_is_not_reminded_of(verified):
    DoctorCredential.objects.filter(doctor=verified).update(expires_at=None)
    old = verified.credentials.get(type="degree")
    DoctorCredential.objects.filter(pk=old.pk).update(expires_at=LAST_DAY)
    add_credential(doctor=verified, by=verified.user, file=file_of(8), values=values_for("degree"), replaces=old)
    assert warn_of_expiry(now=LAST_MINUTE - timedelta(days=7)) == 0
