"""The pharmacy's counter on the clinic's host: anybody looks and fills a basket, which holds nothing."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Role
from pharmacy.basket import Basket, packs_in, subtotal_of
from pharmacy.models import Medicine, PrescriptionState
from pharmacy.selectors import own_prescriptions
from pharmacy.selectors_catalogue import search_catalogue
from pharmacy.services.filling import basket_lines, fillings_of
from pharmacy.services.ordering import MOST_PACKS
from pharmacy.states import today_at
from precta.access import role_required
from precta.ratelimit import limit
from precta.text import printable

BAD, CONFLICT = 400, 409
PAGE_SIZE = 24
LONGEST_SEARCH = 60
LONGEST_BASKET_NUMBER = 2


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL asks for; anything it does not know counts as not asked."""

    asked: str
    kind: str  # "" everything, "free" without a prescription, "rx" only on one
    in_stock: bool

    def query(self, **changed: str) -> str:
        now = {"q": self.asked, "kind": self.kind, "stock": "1" if self.in_stock else ""} | changed
        return urlencode({name: value for name, value in now.items() if value})


@require_safe
def counter(request: HttpRequest) -> HttpResponse:
    """What the pharmacy sells, in stock or not."""
    filters = _filters(request)
    rows = search_catalogue(filters.asked)
    if filters.kind:
        rows = rows.filter(is_prescription_only=filters.kind == "rx")
    if filters.in_stock:
        rows = rows.filter(stock__gt=0)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page", "")[:6])
    context = {
        "sells": request.clinic.policy.sells_medicines,
        "page": page,
        "page_query": filters.query(),
        "filters": filters,
        "kinds": [
            {"label": label, "query": filters.query(kind=kind), "current": filters.kind == kind}
            for kind, label in (
                ("", _("Everything")),
                ("free", _("Without a prescription")),
                ("rx", _("On prescription")),
            )
        ],
        "stock_query": filters.query(stock="" if filters.in_stock else "1"),
        "basket": Basket.of(request.session, request.clinic),
        "currency": request.clinic.policy.currency,
    }
    return render(request, "pharmacy/orders/counter.html", context)


def _filters(request: HttpRequest) -> Filters:
    asked = request.GET
    kind = asked.get("kind", "")
    words = printable(asked.get("q", "")[:LONGEST_SEARCH]).strip()
    return Filters(words, kind if kind in {"free", "rx"} else "", asked.get("stock") == "1")


@require_http_methods(["GET", "HEAD", "POST"])
@limit("basket", "120/m")
def basket(request: HttpRequest) -> HttpResponse:
    """What is in it; a POST puts something in, takes it out or changes how many (`do`)."""
    kept = Basket.of(request.session, request.clinic)
    if request.method == "POST":
        error = _change(request, kept)
        kept.keep(request.session, request.clinic)
        if not error:
            return redirect("pharmacy:orders:basket")
        return _page(request, kept, error=error, status=BAD)
    return _page(request, kept)


def _change(request: HttpRequest, kept: Basket) -> str:
    """What was wrong with it, "" when it was done."""
    do, packs = request.POST.get("do"), packs_in(request.POST.get("packs", "1"))
    number = request.POST.get("line", "")
    if do == "clear":
        kept.lines.clear()
        return ""
    if packs is None or packs > MOST_PACKS:
        return _("Write how many packs, up to %(most)s.") % {"most": MOST_PACKS}
    if do == "add":
        return _add(request, kept, packs)
    if do == "set" and number.isascii() and number.isdigit() and len(number) <= LONGEST_BASKET_NUMBER:
        kept.set(int(number), packs)
        return ""
    return _("That did not work. Please try again.")


def _add(request: HttpRequest, kept: Basket, packs: int) -> str:
    asked = printable(request.POST.get("medicine", "")[:40])
    medicine = Medicine.objects.on_sale().filter(pk=asked).first()
    if medicine is None or not request.clinic.policy.sells_medicines:
        return _("This medicine is not sold any more.")
    if medicine.is_prescription_only:
        return _("%(medicine)s is sold on prescription only. Order it from the page of your prescription.") % {
            "medicine": medicine
        }
    if kept.is_full:
        return _("Your basket is full. Order what is in it first.")
    if not packs:
        return _("Write how many packs, up to %(most)s.") % {"most": MOST_PACKS}
    kept.add(medicine.pk, packs)
    messages.success(request, _("%(medicine)s is in your basket.") % {"medicine": medicine})
    return ""


def _page(request: HttpRequest, kept: Basket, *, error: str = "", status: int = 200) -> HttpResponse:
    rows = kept.rows()
    context = {
        "rows": rows,
        "gone": kept.count - len(rows),
        "subtotal": subtotal_of(rows),
        "is_short": any(row.is_short for row in rows),
        "from_prescription": kept.prescription_id,
        "currency": request.clinic.policy.currency,
        "free_from": request.clinic.policy.free_delivery_from if request.clinic.policy.offers_delivery else None,
        "sells": request.clinic.policy.sells_medicines,
        "most": MOST_PACKS,
        "error": error,
    }
    return render(request, "pharmacy/orders/basket.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.PATIENT)
@limit("basket", "120/m")
def fill(request: HttpRequest, prescription_id: str) -> HttpResponse:
    """What the pharmacy has for each line of a prescription (GET); what is chosen goes into the basket (POST)."""
    prescription = get_object_or_404(own_prescriptions(request.user), pk=prescription_id)
    prescription.doctor.clinic = request.clinic
    state = prescription.state(today_at(request.clinic))
    is_usable = state == PrescriptionState.ACTIVE and request.clinic.policy.sells_medicines
    fillings = fillings_of(prescription) if is_usable else []
    error = ""
    if request.method == "POST":
        chosen = {
            filling.place: (
                request.POST.get(f"medicine-{filling.place}", "")[:40],
                packs_in(request.POST.get(f"packs-{filling.place}")),
            )
            for filling in fillings
        }
        lines = basket_lines(fillings, chosen)
        if lines:
            kept = Basket.of(request.session, request.clinic)
            kept.fill(prescription, lines)
            kept.keep(request.session, request.clinic)
            return redirect("pharmacy:orders:basket")
        error = _("Choose at least one medicine.") if is_usable else _("Nothing can be ordered from this prescription.")
    context = {
        "prescription": prescription,
        "state": state,
        "is_usable": is_usable,
        "fillings": fillings,
        "has_choice": any(filling.choices for filling in fillings),
        "for_another": prescription.patient_id != request.user.pk,
        "currency": request.clinic.policy.currency,
        "error": error,
    }
    status = (BAD if is_usable else CONFLICT) if error else 200
    return render(request, "pharmacy/orders/fill.html", context, status=status)
