"""The audit trail in both admin sites: who did what to which thing, from where; for reading and taking along."""

import ipaddress
import json
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinics.admin_base import ClinicModelAdmin, ReadOnlyAdmin, laid_out
from clinics.admin_filters import TypedFilter
from clinics.admin_sites import clinic_admin, platform_admin
from clinics.trail_words import FAMILIES, THINGS, act, thing
from precta.audit.models import AuditLog

Rows = models.QuerySet[AuditLog]


class Family(admin.SimpleListFilter):
    """A fixed list: to ask the table for all actions there are would read the whole of it."""

    title = _("what was done")
    parameter_name = "family"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return sorted(FAMILIES.items(), key=lambda item: str(item[1]))

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        family = self.value()
        return queryset.filter(action__startswith=f"{family}.") if family in FAMILIES else queryset


class Thing(admin.SimpleListFilter):
    title = _("what it was about")
    parameter_name = "about"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return sorted(THINGS.items(), key=lambda item: str(item[1]))

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(resource_type=self.value()) if self.value() in THINGS else queryset


class Days(TypedFilter):
    """Whole days on the page's clock, the last one included."""

    title = _("days")
    inputs = (("since", _("From"), "date"), ("until", _("Until"), "date"))

    def _day(self, name: str) -> date | None:
        try:
            day = date.fromisoformat(self.value(name))
        except ValueError:
            return None
        # The calendar's ends cannot be moved to another zone.
        return day if date(1900, 1, 1) <= day <= date(9998, 12, 31) else None

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        zone = timezone.get_current_timezone()
        since, until = self._day("since"), self._day("until")
        if since:
            queryset = queryset.filter(created_at__gte=datetime.combine(since, time(), zone))
        if until:
            queryset = queryset.filter(created_at__lt=datetime.combine(until + timedelta(days=1), time(), zone))
        return queryset


class Who(TypedFilter):
    title = _("who")
    inputs = (("who", _("E-mail or id of the account"), "text"),)

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        who = self.value("who")
        if not who:
            return queryset
        return queryset.filter(models.Q(user__email__iexact=who) | models.Q(user_id=who))


class Address(TypedFilter):
    title = _("address")
    inputs = (("address", _("IP address"), "text"),)

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        given = self.value("address")
        if not given:
            return queryset
        try:
            return queryset.filter(ip_address=str(ipaddress.ip_address(given)))
        except ValueError:
            return queryset.none()


class TrailAdmin:
    list_display = ("created_at", "done", "who", "about", "ip_address")
    export_fields = (
        *("created_at", "done", "action", "who", "user_id", "resource_type", "resource_id", "details_in_line"),
        *("ip_address", "user_agent"),
    )
    list_select_related = ("user",)
    list_filter = (Family, Thing, Days, Who, Address)
    search_fields = ("resource_id__exact", "action__exact")
    search_help_text = _("Id of a thing, or an act such as appointment.cancelled")
    ordering = ("-created_at", "-pk")
    change_form_template = "admin/trail_entry.html"
    fields = ("created_at", "done", "who", "about", "laid_out", "ip_address", "user_agent", "action", "id")

    @admin.display(description=_("what was done"), ordering="action")
    def done(self, entry: AuditLog) -> str:
        return act(entry.action)

    @admin.display(description=_("who"))
    def who(self, entry: AuditLog) -> str:
        return str(entry.user) if entry.user is not None else gettext("The portal itself")

    @admin.display(description=_("what it was about"))
    def about(self, entry: AuditLog) -> str | SafeString:
        words = thing(entry.resource_type)
        url = self._address_of(entry)
        return format_html('<a href="{}">{}</a>', url, words) if url else words

    @admin.display(description=_("details"))
    def laid_out(self, entry: AuditLog) -> str | SafeString:
        return laid_out(entry.details)

    @admin.display(description=_("details"))
    def details_in_line(self, entry: AuditLog) -> str:
        return json.dumps(entry.details, ensure_ascii=False, sort_keys=True) if entry.details else ""

    def _address_of(self, entry: AuditLog) -> str:
        """The page of the thing in this admin; empty where it has none."""
        site = self.admin_site  # type: ignore[attr-defined]
        for model in site._registry if entry.resource_id else ():
            if model._meta.model_name == entry.resource_type and model is not AuditLog:
                name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
                try:
                    return reverse(name, args=[entry.resource_id])
                except NoReverseMatch:
                    return ""
        return ""


@admin.register(AuditLog, site=platform_admin)
class PlatformTrailAdmin(TrailAdmin, ReadOnlyAdmin):
    """The public trail: accounts, sign-ins, clinics. What happens at a clinic is in the clinic's own."""


@admin.register(AuditLog, site=clinic_admin)
class ClinicTrailAdmin(TrailAdmin, ClinicModelAdmin):
    """The clinic's own trail, for those who run it."""
