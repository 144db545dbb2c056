"""Verifying doctors: the queue, and a page for each with the papers beside what they have to prove."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from csp.constants import SELF
from csp.decorators import csp_update
from django.contrib import admin, messages
from django.db import models
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from accounts.application import State, history_of, open_request, papers_of, standing_papers, state_of
from accounts.exceptions import DecidedAlready, PapersUndecided
from accounts.forms.verification import RejectionForm
from accounts.models import CredentialType, Doctor, DoctorCredential, VerificationStatus
from accounts.rejection_reasons import APPLICATION_REASONS, PAPER_REASONS, text_for
from accounts.services import verification
from clinics.admin_base import ReadOnlyAdmin
from precta import clock
from precta.audit.services import record
from precta.converters import IdConverter
from precta.files.responses import private_response

PROMISED = timedelta(days=2)
TONES = {VerificationStatus.VERIFIED: "ok", VerificationStatus.REJECTED: "bad", VerificationStatus.PENDING: "warn"}


class Queue(admin.SimpleListFilter):
    title = _("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        return [
            ("waiting", _("Waits for a decision")),
            ("late", _("Waits for over 2 days")),
            ("renewal", _("New papers of verified doctors")),
            ("draft", _("Not sent yet")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        sent = queryset.filter(submitted_at__isnull=False)
        wanted: dict[str | None, Any] = {
            "waiting": sent,
            "late": sent.filter(submitted_at__lt=clock.now() - PROMISED),
            "renewal": sent.filter(verification_status=VerificationStatus.VERIFIED),
            "draft": queryset.filter(submitted_at__isnull=True, verification_status=VerificationStatus.PENDING),
        }
        return wanted.get(self.value(), queryset)


class VerificationAdmin(ReadOnlyAdmin):
    """The doctors of the platform; those who wait come first, the longest waiting at the top."""

    list_display = ("__str__", "verification_status", "waiting_for", "clinic", "license_number", "verified_at")
    list_select_related = ("clinic", "verified_by")
    list_filter = (Queue, "verification_status", "clinic")
    search_fields = ("first_name", "last_name", "license_number", "user__email")
    search_help_text = _("Name, licence number or e-mail")
    ordering = (models.F("submitted_at").asc(nulls_last=True), "last_name", "first_name", "pk")
    export_fields = (
        *("last_name", "first_name", "license_number", "clinic", "verification_status", "submitted_at"),
        *("verified_at", "verified_by"),
    )

    @admin.display(description=_("waits for"), ordering="submitted_at")
    def waiting_for(self, doctor: Doctor) -> str:
        return timesince(doctor.submitted_at, clock.now(), depth=1) if doctor.submitted_at else ""

    def get_urls(self) -> list[URLPattern]:
        pages: dict[str, tuple[str, Callable[..., HttpResponseBase]]] = {
            "decision": ("<str:doctor_id>/decision/", require_POST(self.decide)),
            "paper": ("<str:doctor_id>/papers/<str:credential_id>/", require_GET(self.show_paper)),
        }
        own = [
            path(route, self.admin_site.admin_view(view), name=f"accounts_doctor_{name}")
            for name, (route, view) in pages.items()
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        doctor = self._found(request, object_id)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return self._page(request, doctor, chosen=request.GET.get("paper", ""))

    def decide(self, request: HttpRequest, doctor_id: str) -> HttpResponse:
        """On one paper, on the doctor, or to take the verification back; what somebody else has decided meanwhile is
        told, not overwritten."""
        doctor = self._found(request, doctor_id)
        paper = self._paper(doctor, request.POST["paper"]) if request.POST.get("paper") else None
        action = request.POST.get("action")
        if action == "withdraw":
            paper = None
        back = self._url(doctor) + (f"?paper={paper.pk}" if paper is not None else "")
        if action in {"reject", "withdraw"}:
            reasons = PAPER_REASONS if paper is not None else APPLICATION_REASONS
            form = RejectionForm(request.POST, reasons=reasons)
            if not form.is_valid():
                chosen = paper.pk if paper is not None else ""
                return self._page(request, doctor, chosen=chosen, form=form, status=400)
            code = form.cleaned_data["code"]
            note = text_for(doctor, reasons[code], form.cleaned_data["note"])
            if action == "reject":
                act = self._reject(doctor, paper, by=request.user, reason_code=code, note=note)
            else:
                act = self._withdraw(doctor, by=request.user, reason_code=code, note=note)
        elif action == "approve":
            act = self._approve(doctor, paper, by=request.user)
        else:
            return HttpResponseRedirect(back)
        self._carry_out(request, act)
        return HttpResponseRedirect(self._next(doctor, paper) or back)

    def _approve(self, doctor: Doctor, paper: DoctorCredential | None, *, by: Any) -> Callable[[], str]:
        def act() -> str:
            if paper is not None:
                verification.approve_credential(credential=paper, by=by)
                return gettext("The paper is verified.")
            verification.approve_doctor(doctor=doctor, by=by)
            return gettext("The doctor is verified, is told so, and is found from now on.")

        return act

    def _reject(self, doctor: Doctor, paper: DoctorCredential | None, **why: Any) -> Callable[[], str]:
        def act() -> str:
            if paper is not None:
                verification.reject_credential(credential=paper, **why)
                return gettext("The paper is rejected; the doctor is told why.")
            verification.reject_doctor(doctor=doctor, **why)
            return gettext("The application is sent back, and the doctor is told why.")

        return act

    def _withdraw(self, doctor: Doctor, **why: Any) -> Callable[[], str]:
        def act() -> str:
            verification.withdraw_verification(doctor=doctor, **why)
            return gettext("The verification is withdrawn: nobody finds the doctor any more, who is told why.")

        return act

    def _carry_out(self, request: HttpRequest, act: Callable[[], str]) -> None:
        try:
            messages.success(request, act())
        except DecidedAlready:
            messages.warning(request, gettext("Somebody else has decided meanwhile, or it was not sent."))
        except PapersUndecided as undecided:
            messages.error(request, self._undecided(undecided.missing))

    def _next(self, doctor: Doctor, paper: DoctorCredential | None) -> str:
        """After one paper the next that waits."""
        if paper is None:
            return ""
        waiting = standing_papers(doctor).filter(verification_status=VerificationStatus.PENDING).first()
        return self._url(doctor) + f"?paper={waiting.pk}" if waiting is not None else self._url(doctor)

    def show_paper(self, request: HttpRequest, doctor_id: str, credential_id: str) -> StreamingHttpResponse:
        """The file, for who decides on it; each look is in the trail."""
        doctor = self._found(request, doctor_id)
        paper = self._paper(doctor, credential_id)
        if not paper.file_url:
            raise Http404
        record("credential.viewed", resource=paper, user=request.user, details={"doctor": doctor.pk})
        name = paper.original_name or paper.name
        return private_response(paper.file_url, name=name, content_type=paper.content_type, framed=True)

    def _found(self, request: HttpRequest, doctor_id: str) -> Doctor:
        rows = self.get_queryset(request).select_related("user", "clinic", "verified_by")
        return get_object_or_404(rows, pk=doctor_id)

    def _paper(self, doctor: Doctor, credential_id: str) -> DoctorCredential:
        if not re.fullmatch(IdConverter.regex, credential_id):
            raise Http404
        return get_object_or_404(DoctorCredential.objects.select_related("decided_by"), pk=credential_id, doctor=doctor)

    def _url(self, doctor: Doctor) -> str:
        return reverse("admin:accounts_doctor_change", args=[doctor.pk])

    def _page(
        self,
        request: HttpRequest,
        doctor: Doctor,
        *,
        chosen: str,
        form: RejectionForm | None = None,
        status: int = 200,
    ) -> HttpResponse:
        papers = list(papers_of(doctor).select_related("decided_by"))
        paper = next((paper for paper in papers if paper.pk == chosen), None) or next(
            (paper for paper in papers if paper.verification_status == VerificationStatus.PENDING),
            papers[0] if papers else None,
        )
        is_open = doctor.submitted_at is not None
        decides_paper = is_open and paper is not None and paper.verification_status == VerificationStatus.PENDING
        decides_doctor = is_open and doctor.verification_status == VerificationStatus.PENDING
        missing = verification.undecided_papers(doctor, today=verification.today_for(doctor, clock.now()))
        on_paper = form if form is not None and chosen else RejectionForm(reasons=PAPER_REASONS, prefix=None)
        on_doctor = form if form is not None and not chosen else RejectionForm(reasons=APPLICATION_REASONS)
        for field in on_doctor.fields:
            # Two forms of one page: their labels must not share an id.
            on_doctor.fields[field].widget.attrs["id"] = f"id_doctor_{field}"
        context = {
            **self.admin_site.each_context(request),
            "title": doctor.display_name,
            "opts": self.opts,
            "original": doctor,
            "doctor": doctor,
            "facts": self._facts(doctor),
            "state": state_of(doctor),
            "lapsed": state_of(doctor) is State.LAPSED,
            "papers": [(each, TONES[VerificationStatus(each.verification_status)]) for each in papers],
            "paper": paper,
            "is_picture": paper is not None and paper.content_type.startswith("image/"),
            "decides_paper": decides_paper,
            "decides_doctor": decides_doctor,
            "is_verified": doctor.verification_status == VerificationStatus.VERIFIED,
            "undecided": self._undecided(missing) if missing and decides_doctor else "",
            "paper_form": on_paper,
            "doctor_form": on_doctor,
            "hints": self._hints(doctor, papers),
            "history": list(history_of(doctor).select_related("credential", "decided_by")),
            "request_to_clinic": open_request(doctor),
            "waits_for": self.waiting_for(doctor),
        }
        return _framing(render)(request, "admin/platform/doctor.html", context, status=status)

    def _facts(self, doctor: Doctor) -> list[tuple[Any, Any]]:
        raise NotImplementedError

    def _undecided(self, missing: list[CredentialType]) -> str:
        names = ", ".join(str(CredentialType(kind).label) for kind in missing)
        return gettext("Not proved yet: %(papers)s. Verify these papers first.") % {"papers": names}

    def _hints(self, doctor: Doctor, papers: list[DoctorCredential]) -> list[tuple[str, str, str]]:
        """(tone, sentence, address) of what somebody who decides should know."""
        found = []
        if not doctor.user.is_active:
            sentence = gettext("The doctor's account is suspended: nobody finds them whatever is decided here.")
            found.append(("bad", sentence, reverse("admin:accounts_user_change", args=[doctor.pk])))
        if doctor.license_number:
            same = Doctor.objects.filter(license_number__iexact=doctor.license_number).exclude(pk=doctor.pk)
            for other in same[:3]:
                sentence = gettext("%(doctor)s has the same licence number.") % {"doctor": other.display_name}
                found.append(("bad", sentence, self._url(other)))
        sums = [paper.sha256 for paper in papers if paper.sha256]
        twins = DoctorCredential.objects.filter(sha256__in=sums).exclude(doctor=doctor).select_related("doctor")
        for twin in twins.order_by("doctor_id").distinct("doctor_id")[:3]:
            words = {"doctor": twin.doctor.display_name, "paper": twin.get_type_display()}
            sentence = gettext("%(doctor)s has sent the very same file as “%(paper)s”.") % words
            found.append(("bad", sentence, self._url(twin.doctor)))
        today = verification.today_for(doctor, clock.now())
        for paper in papers:
            waits = paper.verification_status == VerificationStatus.PENDING
            if waits and paper.expires_at is not None and paper.expires_at < today:
                sentence = gettext("“%(paper)s” is no longer valid.") % {"paper": paper.name}
                found.append(("warn", sentence, f"{self._url(doctor)}?paper={paper.pk}"))
        return found


def _framing(view: Any) -> Any:
    """The page shows a document in a frame, which our policy refuses everywhere else."""
    return csp_update({"frame-src": [SELF]})(view)
