"""One row for each person, event and channel; the inbox shows the `push` rows."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from precta.choices import choices_check
from precta.ids import IdField


class NotificationType(models.TextChoices):
    APPOINTMENT_CONFIRMED = "appointment_confirmed", _("Appointment confirmed")
    APPOINTMENT_REMINDER = "appointment_reminder", _("Appointment reminder")
    APPOINTMENT_CANCELLED = "appointment_cancelled", _("Appointment cancelled")
    PRESCRIPTION_READY = "prescription_ready", _("Prescription ready")
    ORDER_STATUS = "order_status", _("Order status")
    VERIFICATION_STATUS = "verification_status", _("Verification status")
    PAYMENT_RECEIVED = "payment_received", _("Payment received")
    GENERAL = "general", _("General")


class Channel(models.TextChoices):
    PUSH = "push", _("In the app")
    EMAIL = "email", _("E-mail")
    SMS = "sms", _("SMS")


class NotificationStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    SENT = "sent", _("Sent")
    READ = "read", _("Read")
    FAILED = "failed", _("Failed")


class Notification(models.Model):
    id = IdField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        related_name="+",
        verbose_name=_("recipient"),
    )
    event_id = models.CharField(_("event"), max_length=36)
    type = models.CharField(_("type"), max_length=30, choices=NotificationType.choices)
    title = models.CharField(_("title"), max_length=200)
    body = models.TextField(_("body"))
    data = models.JSONField(_("data"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=10, default="en")
    channel = models.CharField(
        _("channel"), max_length=10, choices=Channel.choices, default=Channel.PUSH, db_default=Channel.PUSH
    )
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=NotificationStatus.choices,
        default=NotificationStatus.PENDING,
        db_default=NotificationStatus.PENDING,
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True, db_default=Now(), db_index=True)

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=["event_id", "user", "channel"],
                name="notification_once_per_channel",
            ),
            choices_check("type", NotificationType.values, "notification_type_known"),
            choices_check("channel", Channel.values, "notification_channel_known"),
            choices_check("status", NotificationStatus.values, "notification_status_known"),
        )
        indexes = (
            models.Index(fields=["status"], name="notification_status"),
            models.Index(fields=["user", "status"], name="notification_user_status"),
            models.Index(
                fields=["next_attempt_at"],
                name="notification_waiting",
                condition=Q(status="pending"),
            ),
        )

    def __str__(self) -> str:
        return f"{self.type} ({self.channel})"
