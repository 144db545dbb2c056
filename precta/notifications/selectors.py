"""Reading a person's inbox."""

from typing import Any

from django.db import models

from precta.notifications.models import Channel, Notification, NotificationStatus


def inbox(user: Any) -> models.QuerySet[Notification]:
    """The person's notifications, newest first."""
    return Notification.objects.filter(user=user, channel=Channel.PUSH).order_by("-created_at")


def unread_count(user: Any) -> int:
    return inbox(user).exclude(status=NotificationStatus.READ).count()
