"""A doctor's published reviews (platform host). Anybody reads them, who is signed in may report one."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.directory import pages
from accounts.models import Doctor
from content.exceptions import NotPublished, OwnReview, ReportedBefore
from content.forms.reviews import ReportForm
from content.review_parts import shown
from content.selectors_reviews import ORDERS, STARS, distribution, published
from content.services.reports import report_review
from precta import hosts
from precta.access import login_required
from precta.ratelimit import limit

PAGE_SIZE = 10
BAD_REQUEST, CONFLICT = 400, 409


@require_safe
def reviews(request: HttpRequest, doctor_id: str) -> HttpResponse:
    """404 for a doctor whom nobody finds. What makes no sense in the address is as if it had not been asked."""
    doctor = _doctor(doctor_id)
    sort = request.GET.get("sort", "")
    sort = sort if sort in ORDERS else "newest"
    stars = request.GET.get("stars", "")
    wanted = int(stars) if stars in {str(number) for number in STARS} else None
    rows = published(doctor).order_by(*ORDERS[sort])
    if wanted is not None:
        rows = rows.filter(rating=wanted)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))

    def query(**changed: Any) -> str:
        asked = {"sort": sort if sort != "newest" else "", "stars": wanted or ""} | changed
        return urlencode({name: value for name, value in asked.items() if value})

    context = {
        "doctor": doctor,
        "page": page,
        "reviews": shown(page.object_list),
        "shares": [(share, f"?{query(stars=share.stars)}", share.stars == wanted) for share in distribution(doctor)],
        "stars": wanted,
        "stars_title": _stars_title(wanted),
        "all_query": f"?{query(stars='')}",
        "query": query(),
        "sorts": [
            (label, f"?{query(sort=name if name != 'newest' else '')}", name == sort)
            for name, label in (
                ("newest", _("Newest first")),
                ("highest", _("Best first")),
                ("lowest", _("Lowest first")),
            )
        ],
        "canonical": hosts.platform_url("content:reviews:list", doctor.pk),
        "is_filtered": bool(query()) or page.number > 1,
    }
    return render(request, "content/reviews/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@limit("review-report", "10/h", "30/d")
def report(request: HttpRequest, doctor_id: str, review_id: str) -> HttpResponse:
    doctor = _doctor(doctor_id)
    review = get_object_or_404(published(doctor), pk=review_id)
    form = ReportForm(request.POST if request.method == "POST" else None)
    status, refused = 200, ""
    if request.method == "POST":
        if form.is_valid():
            try:
                report_review(
                    review=review,
                    by_user=request.user,
                    reason=form.cleaned_data["reason"],
                    details=form.cleaned_data["details"],
                )
            except ReportedBefore:
                status, refused = CONFLICT, _("You have reported this review already. We look at it.")
            except OwnReview:
                status, refused = CONFLICT, _("This is your own review.")
            except NotPublished as error:
                raise Http404 from error
            else:
                messages.success(request, _("Thank you. A moderator looks at the review."))
                return redirect("content:reviews:list", doctor.pk)
        else:
            status = BAD_REQUEST
    context = {"doctor": doctor, "one": shown([review])[0], "form": form, "refused": refused}
    return render(request, "content/reviews/report.html", context, status=status)


def _doctor(doctor_id: str) -> Doctor:
    doctor = pages.profile(doctor_id)
    if doctor is None:
        raise Http404
    return doctor


def _stars_title(stars: int | None) -> str:
    if stars is None:
        return ""
    return ngettext("Reviews with %(count)d star", "Reviews with %(count)d stars", stars) % {"count": stars}
