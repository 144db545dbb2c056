"""A person's inbox. Anybody signed in, their own rows only."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from precta import hosts
from precta.access import login_required
from precta.notifications import selectors, services

PAGE_SIZE = 20


@require_safe
@login_required
def inbox(request: HttpRequest) -> HttpResponse:
    page = Paginator(selectors.inbox(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "notifications/inbox.html", {"page": page})


@require_POST
@login_required
def read(request: HttpRequest, notification_id: str) -> HttpResponse:
    """Marks one as read and goes where it leads."""
    mine = selectors.inbox(request.user).filter(pk=notification_id)
    notification = get_object_or_404(mine)
    services.mark_read(notifications=mine)
    url = (notification.data or {}).get("url", "")
    return HttpResponseRedirect(url) if hosts.is_own_url(url) else redirect("notifications:inbox")


@require_POST
@login_required
def read_all(request: HttpRequest) -> HttpResponse:
    services.mark_read(notifications=selectors.inbox(request.user))
    return redirect("notifications:inbox")
