"""Telling people: rows for the inbox, the mail and the phone, and the sending of the latter two."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import models
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import translation
from django_tenants.utils import get_public_schema_name

from precta import clock
from precta.commits import after_commit
from precta.hosts import platform_url
from precta.notifications.models import Channel, Notification, NotificationStatus
from precta.sms.exceptions import SmsRefused
from precta.sms.services import send_sms
from precta.tenancy import TenantTask

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
MOST_ATTEMPTS = 8
SWEEP_BATCH = 200


def notify(
    *,
    event_id: str,
    user: Any,
    type: str,
    title: str,
    body: str,
    data: dict[str, Any] | None = None,
    language: str = "en",
    channels: Iterable[str] = (Channel.PUSH, Channel.EMAIL),
    sms: str = "",
) -> None:
    """Tell `user` once per channel of what happened; repeating the call for the same event changes nothing.

    `title` and `body` are written in `language` already and carry no clinical word. `data["url"]` is where the button
    leads, `data["action"]` its label. Mail goes out after the commit; a person without a real address gets `sms`
    (default: the title) on the phone instead, followed by the page where such an account is claimed, if a number is
    known.
    """
    now = clock.now()
    rows = []
    for wanted in channels:
        channel = wanted
        if channel == Channel.EMAIL and not user.has_email:
            channel = Channel.SMS
        if channel == Channel.SMS and (user.has_email or not user.reachable_phone):
            continue
        at_once = channel == Channel.PUSH
        rows.append(
            Notification(
                user=user,
                event_id=event_id,
                type=type,
                title=title[:200],
                body=_sms_text(sms or title) if channel == Channel.SMS else body,
                data=data,
                language=language,
                channel=channel,
                status=NotificationStatus.SENT if at_once else NotificationStatus.PENDING,
                sent_at=now if at_once else None,
                created_at=now,
            )
        )
    Notification.objects.bulk_create(rows, ignore_conflicts=True)
    for row in rows:
        if row.status == NotificationStatus.PENDING:
            after_commit(_queue, row.pk)


def _queue(notification_id: str) -> None:
    from precta.notifications.tasks import deliver

    deliver.apply_async((notification_id,), headers={TenantTask.header: get_public_schema_name()})


def _sms_text(text: str) -> str:
    """Who has no e-mail has no way to sign in yet: the link is the page that gives them one, and never a clinic's."""
    return f"{text} {platform_url('account_claim')}"


def deliver_notification(notification_id: str, *, now: datetime | None = None) -> bool:
    """Send one waiting mail or short message; True when it was sent by this call.

    The lease keeps two workers from sending the same row. A worker that dies between the mail server's yes and the
    mark sends it again: the Message-ID is the row's, so the reader's mailbox shows it once. A short message has no such
    number and then comes twice, which is better than never.
    """
    now = now or clock.now()
    waiting = Notification.objects.filter(pk=notification_id, status=NotificationStatus.PENDING)
    if not waiting.filter(next_attempt_at__lte=now).update(next_attempt_at=now + LEASE, attempts=F("attempts") + 1):
        return False
    notification = Notification.objects.select_related("user").get(pk=notification_id)
    try:
        if notification.channel == Channel.SMS:
            _send_sms(notification)
        else:
            _mail(notification).send()
    except SmsRefused as error:
        logger.warning("notification %s cannot be sent: %s", notification_id, error)
        waiting.update(status=NotificationStatus.FAILED)
        return False
    except Exception:
        logger.exception("notification %s could not be sent", notification_id)
        if notification.attempts >= MOST_ATTEMPTS:
            waiting.update(status=NotificationStatus.FAILED)
        else:
            wait = min(timedelta(seconds=20 * 2**notification.attempts), timedelta(minutes=30))
            waiting.update(next_attempt_at=now + wait)
        return False
    waiting.update(status=NotificationStatus.SENT, sent_at=now)
    return True


def _send_sms(notification: Notification) -> None:
    phone = notification.user.reachable_phone
    if not phone:
        raise SmsRefused("no number any more")
    send_sms(to=phone, text=notification.body)


def _mail(notification: Notification) -> EmailMultiAlternatives:
    data = notification.data or {}
    context = {"notification": notification, "url": data.get("url", ""), "action": data.get("action", "")}
    with translation.override(notification.language):
        text = render_to_string("emails/notification.txt", context)
        html = render_to_string("emails/notification.html", context)
    message = EmailMultiAlternatives(
        subject=notification.title,
        body=text,
        to=[notification.user.email],
        headers={"Message-ID": f"<{notification.pk}@{settings.PLATFORM_HOST}>"},
    )
    message.attach_alternative(html, "text/html")
    return message


def sweep_deliveries(*, now: datetime | None = None) -> int:
    """Send what is due; the number sent."""
    given, now = now, now or clock.now()
    due = Notification.objects.filter(status=NotificationStatus.PENDING, next_attempt_at__lte=now)
    ids = list(due.order_by("next_attempt_at").values_list("pk", flat=True)[:SWEEP_BATCH])
    # Each lease counts from its own moment, not from the run's beginning.
    return sum(deliver_notification(notification_id, now=given) for notification_id in ids)


def mark_read(*, notifications: models.QuerySet[Notification]) -> int:
    """Mark these inbox rows as read; how many were unread."""
    return notifications.exclude(status=NotificationStatus.READ).update(
        status=NotificationStatus.READ, read_at=clock.now()
    )
