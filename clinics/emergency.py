"""Breaking the glass: when and why somebody of the platform reads a clinic's data, and which lists there are to read.

The lists are registered by the apps that own the rows (`data_list`). They are read-only, of the clinic's schema, and
carry nothing clinical: neither what patients wrote nor what doctors noted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from precta import clock
from precta.ids import IdField

LASTS = timedelta(hours=1)


class EmergencyAccessQuerySet(models.QuerySet["EmergencyAccess"]):
    def open(self, now: datetime | None = None) -> "EmergencyAccessQuerySet":
        return self.filter(closed_at__isnull=True, expires_at__gt=now or clock.now())


class EmergencyAccess(models.Model):
    """One person may read one clinic's data from `opened_at` until `expires_at`, or `closed_at` if that is earlier."""

    id = IdField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who"))
    clinic = models.ForeignKey("clinics.Clinic", models.PROTECT, related_name="+", verbose_name=_("clinic"))
    reason = models.CharField(_("reason"), max_length=500)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now, db_index=True)
    expires_at = models.DateTimeField(_("ends"))
    closed_at = models.DateTimeField(_("closed early"), null=True, blank=True)

    objects = EmergencyAccessQuerySet.as_manager()

    class Meta:
        verbose_name = _("emergency access")
        verbose_name_plural = _("emergency accesses")
        ordering = ("-opened_at", "-pk")
        constraints = (
            models.CheckConstraint(condition=Q(reason__regex=r"\S"), name="emergency_access_has_reason"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("opened_at"), expires_at__lte=F("opened_at") + LASTS),
                name="emergency_access_one_hour",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("opened_at")),
                name="emergency_access_closed_after",
            ),
        )
        indexes = (models.Index(fields=["clinic", "user", "-opened_at"], name="emergency_access_whose"),)

    def __str__(self) -> str:
        return f"{self.user}, {timezone.localtime(self.opened_at):%Y-%m-%d %H:%M}"

    def is_open(self, now: datetime | None = None) -> bool:
        return self.closed_at is None and self.expires_at > (now or clock.now())

    @property
    def minutes_left(self) -> int:
        """Whole minutes that are left, the begun one included; 0 when it is over."""
        left = (self.expires_at - clock.now()).total_seconds() if self.is_open() else 0
        return max(0, -int(-left // 60))


@dataclass(frozen=True)
class DataList:
    """A list of the clinic's rows: `rows()` is asked in the clinic's schema; a column is its words and its cell."""

    kind: str
    title: Any
    rows: Callable[[Any], models.QuerySet[Any]]
    columns: Sequence[tuple[Any, Callable[[Any], Any]]]
    order: int = 100


_lists: dict[str, DataList] = {}


def data_list(found: DataList) -> DataList:
    """Register a list."""
    _lists[found.kind] = found
    return found


def data_lists() -> list[DataList]:
    return sorted(_lists.values(), key=lambda found: (found.order, found.kind))


def data_list_named(kind: str) -> DataList | None:
    return _lists.get(kind)
