"""People are told once per channel, and mail goes out exactly when it can."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from precta.ids import new_id
from precta.notifications.models import Channel, Notification
from precta.notifications.services import MOST_ATTEMPTS, deliver_notification, notify, sweep_deliveries
from precta.sms.exceptions import SmsRefused, SmsUnavailable
from tests.factories import make_patient, make_user

pytestmark = pytest.mark.django_db


def tell(user, event_id=None, **extra):
    notify(
        event_id=event_id or new_id(),
        user=user,
        type="general",
        title="Your visit is confirmed",
        body="Tue 24 Nov, 14:30",
        data={"url": "http://precta.localhost:8000/me/", "action": "See the visit"},
        **extra,
    )


def test_the_same_event_told_twice_is_one_row_per_channel(cast):
    event_id = new_id()
    tell(cast.patient.user, event_id)
    tell(cast.patient.user, event_id)
    assert sorted(Notification.objects.values_list("channel", flat=True)) == ["email", "push"]


def test_a_mail_is_sent_once_however_often_it_is_delivered(cast):
    tell(cast.patient.user)
    row = Notification.objects.get(channel=Channel.EMAIL)
    assert deliver_notification(row.pk)
    assert not deliver_notification(row.pk)
    assert len(mail.outbox) == 1
    assert mail.outbox[0].alternatives[0][1] == "text/html"
    assert "See the visit" in mail.outbox[0].alternatives[0][0]


def test_a_person_without_an_address_is_never_mailed(db):
    child = make_patient(user=make_user("abc@no-mail.invalid"))
    tell(child.user)
    assert list(Notification.objects.values_list("channel", flat=True)) == ["push"]


def walk_in(phone="+254712345678"):
    return make_patient(user=make_user("abc@no-mail.invalid"), contact_phone=phone)


def test_a_person_without_an_address_is_told_on_the_phone_once(db, sms_outbox):
    event_id = new_id()
    tell(walk_in().user, event_id, sms="Your visit is confirmed: Tue 24 Nov, 14:30.")
    row = Notification.objects.get(channel=Channel.SMS)
    assert deliver_notification(row.pk)
    assert not deliver_notification(row.pk)
    sweep_deliveries()
    [message] = sms_outbox
    assert message.to == "+254712345678"
    assert message.text == "Your visit is confirmed: Tue 24 Nov, 14:30. http://precta.localhost:8000/account/claim/"
    assert not mail.outbox
    assert sorted(Notification.objects.values_list("channel", flat=True)) == ["push", "sms"]


def test_a_person_with_an_address_gets_mail_and_no_short_message(cast, sms_outbox):
    cast.patient.contact_phone = "+254712345678"
    cast.patient.save()
    tell(cast.patient.user)
    sweep_deliveries()
    assert len(mail.outbox) == 1
    assert not sms_outbox


def test_a_message_for_the_inbox_alone_rings_no_phone(db, sms_outbox):
    tell(walk_in().user, channels=(Channel.PUSH,))
    sweep_deliveries()
    assert not sms_outbox


def test_a_phone_that_never_gets_messages_is_not_tried_again(db, settings):
    settings.SMS_BACKEND = "tests.notifications.test_notify.refuse_for_good"
    tell(walk_in().user)
    row = Notification.objects.get(channel=Channel.SMS)
    assert not deliver_notification(row.pk)
    row.refresh_from_db()
    assert row.status == "failed"


def test_a_message_that_could_not_be_sent_is_tried_again_later(db, settings, sms_outbox):
    settings.SMS_BACKEND = "tests.notifications.test_notify.be_away"
    tell(walk_in().user)
    row = Notification.objects.get(channel=Channel.SMS)
    now = timezone.now()
    assert not deliver_notification(row.pk, now=now)
    settings.SMS_BACKEND = "precta.sms.memory.send"
    assert not deliver_notification(row.pk, now=now + timedelta(seconds=10))
    assert deliver_notification(row.pk, now=now + timedelta(minutes=2))
    assert len(sms_outbox) == 1


def refuse_for_good(**_):
    raise SmsRefused("status 406")


def be_away(**_):
    raise SmsUnavailable("status 500")


def test_a_mail_whose_server_fails_is_tried_again_and_given_up_in_the_end(cast, monkeypatch):
    tell(cast.patient.user)
    row = Notification.objects.get(channel=Channel.EMAIL)

    def refuse(self, *args, **kwargs):
        raise OSError("no route")

    monkeypatch.setattr("django.core.mail.message.EmailMessage.send", refuse)
    now = timezone.now()
    for _ in range(MOST_ATTEMPTS):
        now += timedelta(hours=1)
        assert not deliver_notification(row.pk, now=now)
    row.refresh_from_db()
    assert row.status == "failed"


def test_the_sweep_sends_what_a_lost_task_left(cast):
    tell(cast.patient.user)
    assert sweep_deliveries() == 1
    assert len(mail.outbox) == 1


def test_the_mail_is_in_the_language_of_the_reader(cast):
    tell(cast.patient.user, language="sw")
    sweep_deliveries()
    assert 'lang="sw"' in mail.outbox[0].alternatives[0][0]


def test_the_inbox_shows_a_person_only_their_own_rows(cast, at_platform):
    tell(cast.patient.user)
    assert "Your visit is confirmed" in at_platform(cast.patient.user).get("/me/notifications/").content.decode()
    other = at_platform(cast.other_patient.user)
    assert "Your visit is confirmed" not in other.get("/me/notifications/").content.decode()
    row = Notification.objects.get(channel=Channel.PUSH)
    assert other.post(f"/me/notifications/{row.pk}/read/").status_code == 404
    row.refresh_from_db()
    assert row.read_at is None


def test_reading_one_marks_it_and_leads_to_what_it_is_about(cast, at_platform):
    tell(cast.patient.user)
    row = Notification.objects.get(channel=Channel.PUSH)
    response = at_platform(cast.patient.user).post(f"/me/notifications/{row.pk}/read/")
    assert response.status_code == 302
    row.refresh_from_db()
    assert row.status == "read"


def test_a_row_never_leads_off_the_portal(cast, at_platform):
    tell(cast.patient.user)
    row = Notification.objects.get(channel=Channel.PUSH)
    row.data = {"url": "https://evil.example/"}
    row.save()
    assert at_platform(cast.patient.user).post(f"/me/notifications/{row.pk}/read/")["Location"] == "/me/notifications/"


def test_everything_is_marked_as_read_at_once(cast, at_platform):
    tell(cast.patient.user)
    tell(cast.patient.user)
    at_platform(cast.patient.user).post("/me/notifications/read/")
    assert not Notification.objects.filter(channel=Channel.PUSH).exclude(status="read").exists()
