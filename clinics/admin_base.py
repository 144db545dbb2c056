"""What every page of the two admin sites obeys."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import models
from django.forms import Media, ModelChoiceField, Textarea
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinics.admin_filters import TypedFilter
from clinics.admin_tools import BulkMixin, ExportMixin
from clinics.opening_hours import DAY_NAMES, OpeningHours
from clinics.policies import can, may, request_membership
from precta.audit.models import AuditLog
from precta.templatetags.look import status_tone
from precta.templatetags.precta_tags import money

HISTORY_PAGE = 50
EMPTY = "–"
# Columns that hold a state, shown as a badge.
STATES = frozenset({"status", "verification_status"})
AMOUNTS = frozenset({"amount", "fee", "consultation_fee", "refund_due", "subtotal", "delivery_fee", "total_amount"})
# What Django's own filters and date hierarchies put after a column's name; other words would reach other tables.
PARTS_OF_A_DATE = frozenset({"year", "month", "day"})
LOOKUPS = frozenset({"exact", "id", "in", "isnull", "gte", "lt"}) | PARTS_OF_A_DATE


Column = Callable[[Any], Any]


def laid_out(value: Any, name: str = "") -> Any:
    """What a JSON column holds, as people read it: names with their values, one line for each thing of a list."""
    if not value:
        return EMPTY
    if name == "operating_hours":
        week = OpeningHours.read(value).week
        lines = ((DAY_NAMES[day], ", ".join(map(str, week[day])) or _("Closed")) for day in (1, 2, 3, 4, 5, 6, 0))
    elif isinstance(value, dict):
        lines = ((capfirst(key.replace("_", " ")), in_line(part)) for key, part in value.items())
    elif isinstance(value, list):
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((in_line(part),) for part in value)))
    else:
        return str(value)
    return format_html('<dl class="pairs start">{}</dl>', format_html_join("", "<dt>{}</dt><dd>{}</dd>", lines))


def in_line(value: Any) -> str:
    """A value inside a JSON column in words: lists by commas, what is nested deeper as JSON."""
    if isinstance(value, dict) and all(not isinstance(part, dict | list) for part in value.values()):
        return ", ".join(str(part) for part in value.values() if part not in (None, "")) or EMPTY
    if isinstance(value, list) and all(not isinstance(part, dict | list) for part in value):
        return ", ".join(map(str, value)) or EMPTY
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, dict | list):
        return "; ".join(in_line(part) for part in value) if isinstance(value, list) else json.dumps(value)
    return EMPTY if value in (None, "") else str(value)


def column_of(field: "models.Field[Any, Any]") -> Column | None:
    """How a field is shown in a list, where Django would show it bare: states as badges, amounts as money."""
    if field.is_relation:
        return None
    if isinstance(field, models.BooleanField):

        def shown(row: Any) -> Any:
            value = getattr(row, field.attname)
            return format_html(
                '<span class="badge {}">{}</span>', "ok" if value else "", _("Yes") if value else _("No")
            )

    elif field.name in STATES and field.choices:

        def shown(row: Any) -> Any:
            words = getattr(row, f"get_{field.name}_display")()
            return format_html('<span class="badge {}">{}</span>', status_tone(getattr(row, field.attname)), words)

    elif isinstance(field, models.DecimalField) and field.name in AMOUNTS:

        def shown(row: Any) -> Any:
            amount = money(getattr(row, field.attname), getattr(row, "currency", "KES"))
            return format_html('<span class="nowrap">{}</span>', amount) if amount else EMPTY

    elif isinstance(field, models.JSONField):

        def shown(row: Any) -> Any:
            return laid_out(getattr(row, field.attname), field.name)

    else:
        return None
    shown.__name__ = field.name
    shown.short_description = field.verbose_name  # type: ignore[attr-defined]
    shown.admin_order_field = field.name  # type: ignore[attr-defined]
    shown.column_name = field.name  # type: ignore[attr-defined]
    shown.empty_value_display = EMPTY  # type: ignore[attr-defined]
    return shown


class CarefulModelAdmin(BulkMixin, ExportMixin, ModelAdmin):
    """Nothing is deleted, bulk actions ask first, and a list can be filtered only by what its page offers."""

    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    view_on_site = False
    formfield_overrides = {models.TextField: {"widget": Textarea(attrs={"rows": 4})}}

    @property
    def media(self) -> Media:
        """Without Django's jQuery: nothing of ours opens in a second window or is filled in from another field."""
        return Media(js=["admin/js/core.js", "admin/js/actions.js"])

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [self._column(name) for name in super().get_list_display(request)]

    @cached_property
    def _columns(self) -> dict[str, Column | None]:
        return {field.name: column_of(field) for field in self.opts.fields}

    def _column(self, name: Any) -> Any:
        return (self._columns.get(name) if isinstance(name, str) else None) or name

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """A page for looking shows states, amounts and JSON as the lists do."""
        fieldsets = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fieldsets
        return [
            (title, {**options, "fields": [self._line(line) for line in options["fields"]]})
            for title, options in fieldsets
        ]

    def _line(self, line: Any) -> Any:
        return tuple(map(self._column, line)) if isinstance(line, tuple | list) else self._column(line)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and isinstance(field.widget, RelatedFieldWidgetWrapper):
            field.widget = field.widget.widget  # its links open a second window
        return field

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        """A row that is not there or not theirs is 404, as on every other page."""
        raise Http404

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Django reckons from a date hierarchy's year to the next one, which ends at 9999."""
        years = [value for name, value in request.GET.items() if name.endswith("__year")]
        if not all(re.fullmatch("[0-9]{4}", year) and year < "9999" for year in years):
            raise IncorrectLookupParameters
        return super().get_changelist_instance(request)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What the trail tells of this row; Django's own log knows only of its own forms."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        entries = AuditLog.objects.filter(resource_type=self.opts.model_name, resource_id=row.pk)
        page = Paginator(entries.select_related("user").order_by("-created_at", "-pk"), HISTORY_PAGE).get_page(
            request.GET.get("page")
        )
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("History of %(row)s") % {"row": row},
            "row": row,
            "opts": self.opts,
            "page": page,
        }
        return TemplateResponse(request, "admin/object_history.html", context)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Django lets any column of the model be probed by the query string, shown on the page or not."""
        name, *steps = lookup.split("__")
        # A year that is compared with is reckoned from by Django, and there are numbers that are none.
        is_compared = len(steps) > 1 and not PARTS_OF_A_DATE.isdisjoint(steps)
        return name in self._open_lookups(request) and LOOKUPS.issuperset(steps) and not is_compared

    def _open_lookups(self, request: HttpRequest | None) -> set[str]:
        filters = self.get_list_filter(request) if request is not None else self.list_filter
        names: set[str] = {self.date_hierarchy} if self.date_hierarchy else set()
        for entry in filters:
            if isinstance(entry, str):
                names.add(entry)
            elif isinstance(entry, type) and issubclass(entry, SimpleListFilter):
                names.add(str(entry.parameter_name))
            elif isinstance(entry, type) and issubclass(entry, TypedFilter):
                names |= entry.parameter_names()
            elif isinstance(entry, Iterable):
                names.add(str(next(iter(entry))))
        return names

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> ModelChoiceField | None:
        """Offer what the site's own list of that model shows to this person, and nothing when it has no list."""
        related = self.admin_site._registry.get(db_field.remote_field.model)
        kwargs["queryset"] = (
            related.get_queryset(request)
            if related is not None and related.has_view_permission(request)
            else db_field.remote_field.model._default_manager.none()
        )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class ReadOnlyAdmin(CarefulModelAdmin):
    """For looking only, whoever looks."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


class ClinicModelAdmin(CarefulModelAdmin):
    """A page of the clinic's admin: the Membership's role decides, never `user.has_perm`, which is global.

    A model of the clinic's schema is the clinic's alone. For a public model name the column that leads to the clinic
    in `clinic_lookup`.
    """

    clinic_lookup = ""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.filter(**{self.clinic_lookup: request.clinic.pk}) if self.clinic_lookup else rows

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return can(request_membership(request), "exports") and self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may(request, "view", obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "add", None)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may(request, "change", obj)

    def _may(self, request: HttpRequest, action: str, obj: models.Model | None) -> bool:
        if not may(request_membership(request), action, self.model._meta.label_lower):
            return False
        return obj is None or not self.clinic_lookup or self.get_queryset(request).filter(pk=obj.pk).exists()
