"""A patient's orders over all clinics (platform host; patients only)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Role
from pharmacy.selectors_orders_across import Group, orders_across
from pharmacy.views.own_list import own_list
from precta.access import role_required


@require_safe
@role_required(Role.PATIENT)
def orders(request: HttpRequest) -> HttpResponse:
    """Every order of every clinic, suspended ones too."""
    context = own_list(request, states=Group, first=Group.OPEN, find=orders_across)
    return render(request, "pharmacy/me/orders.html", context)
