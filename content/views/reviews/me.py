"""A person's own reviews over all clinics (platform host; patients only)."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Role
from accounts.selectors import patients_of
from content.selectors_reviews import own_reviews
from precta.access import role_required

PAGE_SIZE = 10


@require_safe
@role_required(Role.PATIENT)
def reviews(request: HttpRequest) -> HttpResponse:
    """Each as it was decided, those at suspended clinics too."""
    rows = own_reviews(request.user, patients_of(request.user))
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "content/reviews/mine.html", {"page": page})
