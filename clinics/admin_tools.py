"""What every list of the two admin sites can do: be exported, and act on several rows after asking once."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, SuspiciousOperation
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from clinics.admin_filters import TypedFilter
from precta.access import step_up_redirect
from precta.audit.services import record
from precta.csv_export import csv_response
from precta.second_factor.session import stepped_up
from precta.text import printable

MOST_EXPORTED = 50_000
MOST_AT_ONCE = 100
REASON_LENGTH = 200
# Of the list's address only: which page is shown, and that an address was not understood.
NOT_FILTERS = ("p", "e", "all", "_facets")
ID = re.compile(r"[0-9A-Za-z-]{1,36}")


class ActionRefused(Exception):
    """A row that an action leaves alone, with the sentence that says why."""


@dataclass(frozen=True)
class ConfirmedAction:
    """A bulk action: a page says what will happen to which rows, and only its button makes it happen.

    `run(request, row, reason)` calls the service for one row, in a transaction of its own; it returns whether anything
    changed, or raises ActionRefused. `allowed(request)` decides whether the person is offered it at all; with
    `asks_proof` they must have given the password or the second factor within the last ten minutes. `named(row)` is
    what the page calls a row.
    """

    do_not_call_in_templates: ClassVar[bool] = True

    name: str
    label: Any
    explanation: Any
    button: Any
    run: Callable[[HttpRequest, Any, str], bool]
    allowed: Callable[[HttpRequest], bool] = lambda request: True
    danger: bool = False
    asks_reason: bool = False
    asks_proof: bool = False
    named: Callable[[Any], str] = str

    def __call__(self, model_admin: Any, request: HttpRequest, queryset: models.QuerySet[Any]) -> HttpResponse | None:
        if self.asks_proof and not stepped_up(request):
            return step_up_redirect(request)
        rows = list(queryset[: MOST_AT_ONCE + 1])
        if len(rows) > MOST_AT_ONCE:
            messages.error(request, gettext("Choose at most %(most)d at once.") % {"most": MOST_AT_ONCE})
            return None
        if request.POST.get("confirmed") == "yes":
            self._run_all(request, rows)
            return None
        context = {
            **model_admin.admin_site.each_context(request),
            "title": self.label,
            "action": self,
            "rows": [(row, self.named(row)) for row in rows],
            "opts": model_admin.opts,
            "checkbox": ACTION_CHECKBOX_NAME,
            "back": request.get_full_path(),
        }
        return TemplateResponse(request, "admin/confirm_action.html", context)

    def _run_all(self, request: HttpRequest, rows: list[Any]) -> None:
        reason = printable(request.POST.get("reason", ""))[:REASON_LENGTH]
        done = 0
        for row in rows:
            try:
                done += bool(self.run(request, row, reason))
            except ActionRefused as refusal:
                messages.warning(request, f"{self.named(row)}: {refusal}")
        told = ngettext("Done for %(done)d of %(count)d.", "Done for %(done)d of %(count)d.", len(rows))
        messages.success(request, told % {"done": done, "count": len(rows)})


class BulkMixin:
    """`confirmed_actions` are all that a list can do to rows; without any it takes no POST. Nothing is deleted."""

    confirmed_actions: tuple[ConfirmedAction, ...] = ()

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Any, str, Any]]:
        return {
            action.name: (action, action.name, action.label)
            for action in self.confirmed_actions
            if action.allowed(request)
        }

    def get_action_choices(self, request: HttpRequest, default_choices: Any = None) -> list[tuple[str, Any]]:
        return super().get_action_choices(request, [("", _("With the chosen rows…"))])

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method not in {"GET", "HEAD"}:
            if not self.has_view_permission(request):
                raise PermissionDenied
            if not self.get_actions(request):
                return HttpResponseNotAllowed(["GET", "HEAD"])
            if not all(ID.fullmatch(chosen) for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME)):
                raise SuspiciousOperation
        return super().changelist_view(request, extra_context)


class ExportMixin:
    """A CSV file of what the list shows under its filters, search and order; written into the trail.

    `exported = False` takes the address away. `get_export_fields` may leave out columns for some roles.
    """

    exported = True
    export_fields: tuple[Any, ...] = ()

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_export_fields(self, request: HttpRequest) -> tuple[Any, ...]:
        shown = self.export_fields or self.get_list_display(request)
        return tuple(getattr(column, "column_name", column) for column in shown)

    def get_urls(self) -> list[URLPattern]:
        if not self.exported:
            return super().get_urls()
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", self.admin_site.admin_view(self.export_view), name=name), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"export_url": self._export_url(request), **(extra_context or {})})

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not self.has_export_permission(request):
            raise PermissionDenied
        if not stepped_up(request):
            listed = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
            return step_up_redirect(request, back=f"{listed}?{request.GET.urlencode()}")
        try:
            shown = self.get_changelist_instance(request)
        except IncorrectLookupParameters as error:
            raise SuspiciousOperation from error
        if shown.result_count > MOST_EXPORTED:
            sentence = _("This is more than %(most)d rows. Narrow the list by its filters and export it in parts.")
            messages.error(request, sentence % {"most": MOST_EXPORTED})
            back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
            return HttpResponseRedirect(f"{back}?{request.GET.urlencode()}")
        noun = self.opts.model_name
        filters = {name: value[:100] for name, value in request.GET.items() if name not in {"q", *NOT_FILTERS}}
        # What was searched for may be a person's name, and what was typed into a filter their address.
        filters |= dict.fromkeys(self._typed_words(request) & filters.keys(), "…")
        details = {"rows": shown.result_count, "filters": filters, "searched": bool(request.GET.get("q"))}
        record(f"{noun}.exported", resource=(noun, None), user=request.user, details=details)
        fields = self.get_export_fields(request)
        header = [capfirst(str(label_for_field(name, self.model, cast(ModelAdmin, self)))) for name in fields]
        filename = f"precta-{noun}-{timezone.localdate():%Y-%m-%d}"
        return csv_response(filename, header, self._export_rows(shown.queryset, fields))

    def _typed_words(self, request: HttpRequest) -> set[str]:
        """The parameters of filters that take any words."""
        typed = [
            each for each in self.get_list_filter(request) if isinstance(each, type) and issubclass(each, TypedFilter)
        ]
        return {name for each in typed for name, _label, kind in each.inputs if kind == "text"}

    def _export_rows(self, queryset: models.QuerySet[Any], fields: tuple[Any, ...]) -> Iterator[list[Any]]:
        for row in queryset.iterator(chunk_size=500):
            yield [self._export_value(name, row) for name in fields]

    def _export_value(self, name: Any, row: Any) -> Any:
        try:
            field, attribute, value = lookup_field(name, row, self)
        except ObjectDoesNotExist:
            return ""
        if field is None:
            text = strip_tags(value) if hasattr(value, "__html__") else value
            return "" if text == getattr(attribute, "empty_value_display", None) else text
        if getattr(field, "flatchoices", None):
            return dict(field.flatchoices).get(value, value)
        return value

    def _export_url(self, request: HttpRequest) -> str:
        if not self.exported or not self.has_export_permission(request):
            return ""
        query = request.GET.copy()
        for name in NOT_FILTERS:
            query.pop(name, None)
        url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_export")
        return f"{url}?{query.urlencode()}" if query else url
