"""Deciding on what people wrote, in the platform's admin: the queue, the page of one, and several at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import models
from django.db.models import Case, F, QuerySet, When
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.rejection_reasons import Reason
from clinics.admin_base import ReadOnlyAdmin
from clinics.admin_tools import MOST_AT_ONCE, ActionRefused, ConfirmedAction
from content.exceptions import ChangedMeanwhile, DecidedMeanwhile, TakenBack
from content.forms.reviews import RefusalForm
from content.models import MODERATION, ModerationStatus
from content.review_marks import kinds_in, marked
from content.review_reasons import text_for
from content.services import moderation
from precta import clock

APPROVED, REJECTED, PENDING = ModerationStatus.APPROVED, ModerationStatus.REJECTED, ModerationStatus.PENDING
IN_A_LIST = 400


@dataclass(frozen=True)
class BulkDecision(ConfirmedAction):
    """Decides on several rows as on one: each by itself, each only if its text is still the one that was shown.

    `decide(row, by, seen, reason)`; with `reasons` the page asks for one of them.
    """

    decide: Callable[[Any, Any, str, Callable[[Any], str]], Any] = lambda row, by, seen, reason: None
    reasons: dict[str, Reason] | None = None
    author: Callable[[Any], Any] = lambda row: None

    def __call__(self, model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        rows = list(queryset[: MOST_AT_ONCE + 1])
        if len(rows) > MOST_AT_ONCE:
            messages.error(request, gettext("Choose at most %(most)d at once.") % {"most": MOST_AT_ONCE})
            return None
        is_confirmed = request.POST.get("confirmed") == "yes"
        form = RefusalForm(request.POST if is_confirmed else None, reasons=self.reasons) if self.reasons else None
        if is_confirmed and (form is None or form.is_valid()):
            self._decide_all(model_admin, request, rows, form.cleaned_data if form is not None else {})
            return None
        context = {
            **model_admin.admin_site.each_context(request),
            "title": self.label,
            "action": self,
            "rows": [
                (row, model_admin.title_of(row), model_admin.marked_text(row, whole=True), moderation.version_of(row))
                for row in rows
            ],
            "form": form,
            "opts": model_admin.opts,
            "checkbox": ACTION_CHECKBOX_NAME,
            "back": request.get_full_path(),
        }
        status = 400 if is_confirmed else 200
        return TemplateResponse(request, "admin/platform/review_bulk.html", context, status=status)

    def _decide_all(self, model_admin: Any, request: HttpRequest, rows: list[Any], why: dict[str, str]) -> None:
        def reason(row: Any) -> str:
            assert self.reasons is not None
            return text_for(self.author(row), self.reasons[why["code"]], why["note"])

        done = 0
        for row in rows:
            # Who sends no version has not been shown the text.
            seen = request.POST.get(f"seen-{row.pk}") or "not shown"
            try:
                self.decide(row, request.user, seen, reason)
                done += 1
            except DecidedMeanwhile:
                messages.warning(request, gettext("%(row)s: decided on already.") % {"row": model_admin.title_of(row)})
            except TakenBack:
                sentence = gettext("%(row)s: its author has taken it back.")
                messages.warning(request, sentence % {"row": model_admin.title_of(row)})
            except ChangedMeanwhile:
                sentence = gettext("%(row)s: changed since it was shown. Read it again.")
                messages.warning(request, sentence % {"row": model_admin.title_of(row)})
            except ActionRefused as refusal:
                messages.warning(request, f"{model_admin.title_of(row)}: {refusal}")
        told = ngettext("Done for %(done)d of %(count)d.", "Done for %(done)d of %(count)d.", len(rows))
        messages.success(request, told % {"done": done, "count": len(rows)})


class Queue(admin.SimpleListFilter):
    title = _("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        return [
            ("waiting", _("Waits for a decision")),
            ("again", _("Written anew after a rejection")),
            ("approved", _("Published")),
            ("rejected", _("Rejected")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        waiting = queryset.filter(moderation_status=PENDING)
        wanted: dict[str | None, Any] = {
            "waiting": waiting,
            "again": waiting.filter(attempt__gt=1),
            "approved": queryset.filter(moderation_status=APPROVED),
            "rejected": queryset.filter(moderation_status=REJECTED),
        }
        return wanted.get(self.value(), queryset)


class ModerationAdmin(ReadOnlyAdmin):
    """What waits comes first, the longest waiting at the top."""

    reasons: dict[str, Reason] = {}
    template = ""
    parameter = ""  # what the address calls the row
    ordering = (
        Case(When(moderation_status=PENDING, then=F("created_at"))).asc(nulls_last=True),
        F("moderated_at").desc(nulls_last=True),
        "pk",
    )

    @property
    def media(self) -> Media:
        return super().media + Media(css={"all": ["css/reviews.css"]})

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_decision"
        view = self.admin_site.admin_view(require_POST(self.decide_one))
        return [path(f"<str:{self.parameter}>/decision/", view, name=name), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = get_object_or_404(self.get_queryset(request), pk=object_id)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return self._page(request, row)

    def decide_one(self, request: HttpRequest, **named: str) -> HttpResponse:
        """What somebody else has decided meanwhile, or its author has changed, is told and not overwritten."""
        row = get_object_or_404(self.get_queryset(request), pk=named[self.parameter])
        action, seen = request.POST.get("action"), request.POST.get("seen") or "not shown"
        if action == "approve":
            act, told = (lambda: self.approve(row, request.user, seen)), gettext("It is published now.")
        elif action == "reject":
            form = RefusalForm(request.POST, reasons=self.reasons)
            if not form.is_valid():
                return self._page(request, row, form=form, status=400)
            why = text_for(self.author_of(row), self.reasons[form.cleaned_data["code"]], form.cleaned_data["note"])
            act, told = (
                (lambda: self.reject(row, request.user, seen, why)),
                gettext("It is rejected; its author is told why."),
            )
        else:
            return HttpResponseRedirect(self.url_of(row))
        try:
            act()
        except DecidedMeanwhile:
            messages.warning(request, gettext("Somebody else has decided meanwhile. Look at it again."))
        except TakenBack:
            messages.warning(request, gettext("Its author has taken it back meanwhile."))
            return HttpResponseRedirect(self._next(request))
        except ChangedMeanwhile:
            messages.warning(request, gettext("The author has changed the text meanwhile. Read it again."))
        else:
            messages.success(request, told)
            return HttpResponseRedirect(self._next(request))
        return HttpResponseRedirect(self.url_of(row))

    def _next(self, request: HttpRequest) -> str:
        """The one that waits the longest now, else the list."""
        waiting = self.model._default_manager.filter(moderation_status=PENDING).order_by("created_at", "pk").first()
        return self.url_of(waiting) if waiting is not None else self._list_url()

    def _list_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def url_of(self, row: models.Model) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def _page(
        self, request: HttpRequest, row: Any, *, form: RefusalForm | None = None, status: int = 200
    ) -> HttpResponse:
        may = MODERATION[ModerationStatus(row.moderation_status)]
        context = {
            **self.admin_site.each_context(request),
            "title": self.title_of(row),
            "opts": self.opts,
            "original": row,
            "row": row,
            "seen": moderation.version_of(row),
            "text": self.marked_text(row, whole=True),
            "kinds": kinds_in(self.text_of(row), self.names(row)),
            "may_approve": APPROVED in may,
            "may_reject": REJECTED in may,
            "was_published": row.moderation_status == APPROVED,
            "form": form or RefusalForm(reasons=self.reasons),
            "has_errors": form is not None,
            "decision_url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_decision", args=[row.pk]),
            "trail_url": reverse("admin:audit_auditlog_changelist") + f"?q={row.pk}",
            **self.more_context(row),
        }
        return render(request, self.template, context, status=status)

    @admin.display(description=_("text"))
    def marked_text(self, row: Any, whole: bool = False) -> SafeString | str:
        text = self.text_of(row)
        cut = text if whole or len(text) <= IN_A_LIST else text[:IN_A_LIST] + "…"
        return format_html('<div class="marked" dir="auto">{}</div>', marked(cut, self.names(row))) if text else "–"

    @admin.display(description=_("waits for"), ordering="created_at")
    def waiting_for(self, row: Any) -> str:
        return timesince(row.created_at, clock.now(), depth=1) if row.moderation_status == PENDING else ""

    @admin.display(description=_("state"), ordering="moderation_status")
    def state(self, row: Any) -> SafeString:
        tone = {PENDING: "warn", APPROVED: "ok", REJECTED: "bad"}[ModerationStatus(row.moderation_status)]
        words = gettext("Pending") if row.moderation_status == PENDING else row.get_moderation_status_display()
        return format_html('<span class="badge {}">{}</span>', tone, words)

    def text_of(self, row: Any) -> str:
        raise NotImplementedError

    def names(self, row: Any) -> list[str]:
        raise NotImplementedError

    def title_of(self, row: Any) -> str:
        raise NotImplementedError

    def author_of(self, row: Any) -> Any:
        raise NotImplementedError

    def approve(self, row: Any, by: Any, seen: str) -> Any:
        raise NotImplementedError

    def reject(self, row: Any, by: Any, seen: str, reason: str) -> Any:
        raise NotImplementedError

    def more_context(self, row: Any) -> dict[str, Any]:
        return {}


def bulk_decisions(
    *, author: Callable[[Any], Any], approve: Callable[..., Any], reject: Callable[..., Any], reasons: dict[str, Reason]
) -> tuple[BulkDecision, BulkDecision]:
    return (
        BulkDecision(
            name="approve",
            label=_("Publish the chosen ones"),
            explanation=_("Everybody can read them at once, and their authors are told. Read each of them first."),
            button=_("Publish"),
            run=lambda request, row, reason: True,
            decide=lambda row, by, seen, reason: approve(row, by, seen),
            author=author,
        ),
        BulkDecision(
            name="reject",
            label=_("Reject the chosen ones"),
            explanation=_("Nobody reads them, and each author is told why. Published ones are taken off."),
            button=_("Reject"),
            run=lambda request, row, reason: True,
            danger=True,
            decide=lambda row, by, seen, reason: reject(row, by, seen, reason(row)),
            reasons=reasons,
            author=author,
        ),
    )
