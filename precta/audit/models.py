"""The trail of who did what: append-only, in the public schema and in every clinic's own."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from precta.ids import IdField


class AuditLog(models.Model):
    """One act. Written by `precta.audit.record`; a trigger refuses UPDATE, DELETE and TRUNCATE."""

    id = IdField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("actor"),
    )
    action = models.CharField(_("action"), max_length=100)
    resource_type = models.CharField(_("resource type"), max_length=100)
    resource_id = models.CharField(_("resource"), max_length=36, null=True, blank=True)
    details = models.JSONField(_("details"), null=True, blank=True)
    ip_address = models.CharField(_("IP address"), max_length=45, null=True, blank=True)
    user_agent = models.TextField(_("user agent"), null=True, blank=True)
    created_at = models.DateTimeField(_("time"), auto_now_add=True, db_default=Now(), db_index=True)

    class Meta:
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit trail")
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["action"], name="audit_action"),
            models.Index(fields=["resource_type"], name="audit_resource_type"),
            models.Index(fields=["resource_type", "resource_id"], name="audit_resource"),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.resource_type}:{self.resource_id}"
