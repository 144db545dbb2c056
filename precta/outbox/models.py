"""Events written in the transaction of what happened, and relayed once to those who act on them."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from precta.ids import IdField


class OutboxEvent(models.Model):
    """Something that happened. `payload` holds ids only, never a name or a clinical word."""

    id = IdField()
    kind = models.CharField(_("kind"), max_length=60)
    payload = models.JSONField(_("payload"), default=dict)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    relayed_at = models.DateTimeField(_("relayed"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    last_error = models.TextField(_("last error"), blank=True, default="")

    class Meta:
        verbose_name = _("outbox event")
        verbose_name_plural = _("outbox events")
        indexes = (
            models.Index(
                fields=["next_attempt_at"],
                name="outbox_waiting",
                condition=Q(relayed_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
