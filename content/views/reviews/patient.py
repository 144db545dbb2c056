"""Reviewing a completed visit (clinic host). A stranger signs in; a visit that is not theirs or not over is a 404."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from content.exceptions import DecidedMeanwhile, TakenBack
from content.forms.reviews import ReviewForm
from content.models import ModerationStatus, Review
from content.selectors_reviews import has_page, review_of, seen_visit, works_at
from content.services.reviews import SeenVisit, may_be_written_anew, withdraw_review, write_review
from precta.access import login_required
from precta.ratelimit import limit

BAD_REQUEST, CONFLICT = 400, 409


def visit_or_404(request: HttpRequest, consultation_id: str) -> SeenVisit:
    """Found in the clinic's own schema, so that nothing a request says can stand in for the visit."""
    visit = seen_visit(user=request.user, clinic=request.clinic, consultation_id=consultation_id)
    if visit is None:
        raise Http404
    if works_at(request.user, request.clinic):
        raise PermissionDenied
    return visit


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@limit("review", "30/h")
def review(request: HttpRequest, consultation_id: str) -> HttpResponse:
    visit = visit_or_404(request, consultation_id)
    if request.method != "POST":
        written = review_of(visit)
        return _page(request, visit, written, ReviewForm.of(written))
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, visit, review_of(visit), form, status=BAD_REQUEST)
    said = form.cleaned_data
    try:
        write_review(
            visit=visit,
            by_user=request.user,
            rating=said["rating"],
            comment=said["comment"],
            is_anonymous=said["is_anonymous"],
            language=get_language() or "en",
        )
    except DecidedMeanwhile:
        return _page(request, visit, review_of(visit), form, status=CONFLICT, too_late=True)
    messages.success(request, _("Thank you. We read each review before everybody can see it."))
    return redirect("content:patient:review", consultation_id)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def withdraw(request: HttpRequest, consultation_id: str) -> HttpResponse:
    """Asks once. What was decided on meanwhile is told on the review's page."""
    visit = visit_or_404(request, consultation_id)
    written = review_of(visit)
    if written is None:
        return redirect("content:patient:review", consultation_id)
    if request.method == "POST":
        try:
            withdraw_review(review=written, by_user=request.user)
        except TakenBack:
            return redirect("content:patient:review", consultation_id)
        except DecidedMeanwhile:
            written = review_of(visit)
            return _page(request, visit, written, ReviewForm.of(written), status=CONFLICT, too_late=True)
        messages.success(request, _("Your review is taken back."))
        return redirect("content:patient:review", consultation_id)
    if written.moderation_status != ModerationStatus.PENDING:
        return redirect("content:patient:review", consultation_id)
    return render(request, "content/reviews/withdraw.html", {"visit": visit, "review": written})


def _page(
    request: HttpRequest,
    visit: SeenVisit,
    written: Review | None,
    form: ReviewForm,
    *,
    status: int = 200,
    too_late: bool = False,
) -> HttpResponse:
    is_rejected = written is not None and written.moderation_status == ModerationStatus.REJECTED
    is_pending = written is not None and written.moderation_status == ModerationStatus.PENDING
    is_anew = written is not None and is_rejected and may_be_written_anew(written)
    context: dict[str, Any] = {
        "visit": visit,
        "review": written,
        "form": form if written is None or is_pending or is_anew else None,
        "is_pending": is_pending,
        "is_rejected": is_rejected,
        "is_anew": is_anew,
        "too_late": too_late,
        "has_page": written is not None and has_page(visit.doctor.pk),
        "for_another": visit.patient.pk != request.user.pk,
    }
    return render(request, "content/reviews/write.html", context, status=status)
