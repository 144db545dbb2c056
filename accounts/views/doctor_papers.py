"""A doctor's own papers: bring, read, correct, take back. Somebody else's are not there (404)."""

import re
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import application
from accounts.exceptions import ApplicationLocked, SamePaper, TooManyPapers
from accounts.forms.doctor import PaperForm
from accounts.models import CredentialType, Doctor, DoctorCredential, VerificationStatus
from accounts.services import doctor_application as services
from accounts.services.verification import today_for
from accounts.views.join_doctor import STEPS, own_application
from precta import clock
from precta.audit.services import record
from precta.converters import IdConverter
from precta.files.forms import status_of
from precta.files.responses import private_response
from precta.ratelimit import limit


@require_safe
@own_application
def papers(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    standing = list(application.standing_papers(doctor))
    have = {paper.type for paper in standing}
    brought = list(application.papers_of(doctor))
    context = {
        "doctor": doctor,
        "step": "papers",
        "number": STEPS.index("papers") + 1,
        "total": len(STEPS),
        "state": application.state_of(doctor).value,
        "is_locked": application.is_locked(doctor),
        "kinds": [
            {
                "type": kind.value,
                "label": kind.label,
                "is_required": kind in application.REQUIRED_PAPERS,
                "is_there": kind.value in have,
                "papers": [paper for paper in brought if paper.type == kind.value],
            }
            for kind in CredentialType
        ],
        "replaced": {paper.replaces_id for paper in brought},
        "today": today_for(doctor, clock.now()),
    }
    return render(request, "accounts/join/papers.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@own_application
@limit("doctor-paper", "60/h")
def add(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    """`?type=` chooses the kind, `?replaces=` an own paper that was decided."""
    if application.is_locked(doctor):
        return _stands(request)
    old = None
    if wanted := request.GET.get("replaces"):
        if not re.fullmatch(IdConverter.regex, wanted):
            raise Http404
        old = get_object_or_404(
            application.papers_of(doctor).exclude(verification_status=VerificationStatus.PENDING), pk=wanted
        )
    kind = old.type if old is not None else request.GET.get("type", "")
    kind = kind if kind in CredentialType.values else CredentialType.LICENSE.value
    initial = {"type": kind, "name": old.name if old else "", "issued_by": old.issued_by if old else ""}
    form = _form(request, doctor, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            paper = services.add_credential(
                doctor=doctor, by=request.user, file=form.cleaned_data["file"], values=form.values(), replaces=old
            )
        except ApplicationLocked:
            return _stands(request)
        except TooManyPapers:
            form.add_error(None, _("You have brought as many papers as one account may. Please write to us."))
        except SamePaper:
            form.add_error("file", _("You have brought this very file already."))
        else:
            messages.success(request, _("%(name)s is kept.") % {"name": paper.name})
            return HttpResponseRedirect(reverse("accounts:join-doctor:papers"))
    context = {"form": form, "doctor": doctor, "old": old, "state": application.state_of(doctor).value}
    return render(request, "accounts/join/paper.html", context, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@own_application
@limit("doctor-paper", "60/h")
def change(request: HttpRequest, doctor: Doctor, credential_id: str) -> HttpResponse:
    paper = _paper(doctor, credential_id)
    if application.is_locked(doctor) or paper.verification_status != VerificationStatus.PENDING:
        return _stands(request)
    initial = {name: getattr(paper, name) for name in services.PAPER_FIELDS}
    form = _form(request, doctor, initial=initial, has_file=True)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_credential(
                credential=paper, by=request.user, values=form.values(), file=form.cleaned_data["file"]
            )
        except ApplicationLocked:
            return _stands(request)
        except SamePaper:
            form.add_error("file", _("You have brought this very file already."))
        else:
            messages.success(request, _("What you changed is saved."))
            return HttpResponseRedirect(reverse("accounts:join-doctor:papers"))
    context = {"form": form, "doctor": doctor, "paper": paper, "state": application.state_of(doctor).value}
    return render(request, "accounts/join/paper.html", context, status=_status(form))


@require_http_methods(["GET", "HEAD", "POST"])
@own_application
def remove(request: HttpRequest, doctor: Doctor, credential_id: str) -> HttpResponse:
    """Asks once, then takes the paper back."""
    paper = _paper(doctor, credential_id)
    if request.method == "POST":
        try:
            services.remove_credential(credential=paper, by=request.user)
        except ApplicationLocked:
            return _stands(request)
        messages.success(request, _("%(name)s is removed.") % {"name": paper.name})
        return HttpResponseRedirect(reverse("accounts:join-doctor:papers"))
    return render(request, "accounts/join/paper_remove.html", {"paper": paper, "doctor": doctor})


@require_safe
@own_application
def file(request: HttpRequest, doctor: Doctor, credential_id: str) -> StreamingHttpResponse:
    """The own file, decrypted for its owner; each look is written down."""
    paper = _paper(doctor, credential_id)
    response = private_response(paper.file_url, name=paper.original_name, content_type=paper.content_type)
    record("credential.viewed", resource=paper, user=request.user)
    return response


def _paper(doctor: Doctor, credential_id: str) -> DoctorCredential:
    return get_object_or_404(application.papers_of(doctor).select_related("doctor"), pk=credential_id)


def _form(request: HttpRequest, doctor: Doctor, **kwargs: Any) -> PaperForm:
    sent = request.method == "POST"
    return PaperForm(
        request.POST if sent else None,
        request.FILES if sent else None,
        today=today_for(doctor, clock.now()),
        **kwargs,
    )


def _status(form: PaperForm) -> int:
    return status_of(form) if form.is_bound else 200


def _stands(request: HttpRequest) -> HttpResponse:
    messages.error(request, _("This paper stands as it is while it is looked at, and after it was decided."))
    return HttpResponseRedirect(reverse("accounts:join-doctor:papers"))
