"""A doctor's published reviews at this clinic, and the one answer to each (workspace)."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Doctor, VerificationStatus
from appointments.views.doctor.guard import workspace
from content.exceptions import DecidedMeanwhile, NotPublished
from content.forms.reviews import AnswerForm
from content.models import ModerationStatus
from content.review_parts import shown
from content.selectors_reviews import published
from content.services.answers import may_be_written, write_answer

PAGE_SIZE = 10
BAD_REQUEST, CONFLICT = 400, 409


@workspace
@require_safe
def reviews(request: HttpRequest, doctor: Doctor) -> HttpResponse:
    rows = published(doctor, clinic=request.clinic)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    # The rest of what a public page needs is true of whoever is here.
    has_page = doctor.verification_status == VerificationStatus.VERIFIED
    return render(
        request,
        "content/reviews/doctor_list.html",
        {"doctor": doctor, "page": page, "reviews": shown(page.object_list), "has_page": has_page},
    )


@workspace
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, doctor: Doctor, review_id: str) -> HttpResponse:
    """An answer that stands is shown with the reason why it does not change (409 for who sends another)."""
    review = get_object_or_404(published(doctor, clinic=request.clinic), pk=review_id)
    given = getattr(review, "answer", None)
    form = AnswerForm(request.POST if request.method == "POST" else None, initial={"text": given.text if given else ""})
    status = 200
    if request.method == "POST":
        if not form.is_valid():
            status = BAD_REQUEST
        else:
            try:
                write_answer(
                    review=review,
                    doctor=doctor,
                    by_user=request.user,
                    text=form.cleaned_data["text"],
                    language=get_language() or "en",
                )
            except NotPublished as error:
                raise Http404 from error
            except DecidedMeanwhile:
                status = CONFLICT
                review = get_object_or_404(published(doctor, clinic=request.clinic), pk=review_id)
                given = getattr(review, "answer", None)
            else:
                messages.success(request, _("Thank you. We read the answer before everybody can see it."))
                return redirect("content:doctor:reviews")
    context = {
        "doctor": doctor,
        "one": shown([review])[0],
        "answer": given,
        "form": form if may_be_written(given) else None,
        "is_rejected": given is not None and given.moderation_status == ModerationStatus.REJECTED,
        "too_late": status == CONFLICT,
    }
    return render(request, "content/reviews/answer.html", context, status=status)
