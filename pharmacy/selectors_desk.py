"""What the pharmacy's desk sees: the queue of orders, and all that stands around one of them."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from accounts.selectors import names_of
from pharmacy.directions import proposed_for, written_for
from pharmacy.matching import Wanted, packs_left, packs_needed, share_of, wanted_of
from pharmacy.models import (
    OPEN_STATUSES,
    Dispensing,
    Fulfilment,
    Medicine,
    MedicineBatch,
    Order,
    OrderItem,
    OrderStatus,
    Prescription,
    Substitution,
    SubstitutionStatus,
)
from pharmacy.selectors_catalogue import search_catalogue
from pharmacy.substitutes import price_for, suits
from pharmacy.warnings import Warning, warnings_for
from precta.payments.models import Payment, PaymentPurpose, Refund, RefundStatus
from precta.payments.selectors import paid_total, refunded_total

# The tabs of the queue, and what lies in each.
TABS: dict[str, Q] = {
    "prepare": Q(status=OrderStatus.PLACED),
    "preparing": Q(status=OrderStatus.PROCESSING),
    "on_the_way": Q(status=OrderStatus.DISPATCHED),
    # One that nobody paid never came to the desk.
    "done": Q(status=OrderStatus.DELIVERED) | Q(status=OrderStatus.CANCELLED, placed_at__isnull=False),
}
ORDERS = {
    "prepare": ("placed_at", "pk"),
    "preparing": ("placed_at", "pk"),
    "on_the_way": ("dispatched_at", "pk"),
    "done": ("-updated_at", "pk"),
}
# Where it matters that a prescription was replaced.
IN_HAND = (*OPEN_STATUSES, OrderStatus.DISPATCHED)
# How long an order may lie before the queue warns of it, and when it is late.
WARN_AFTER, LATE_AFTER = timedelta(hours=2), timedelta(hours=24)
# A courier, or a parcel on the counter, may take longer.
WARN_ON_THE_WAY, LATE_ON_THE_WAY = timedelta(hours=24), timedelta(hours=72)
# A batch that expires within this many days is pointed out.
SOON = timedelta(days=60)
MOST_OFFERED = 12
NUMBER = re.compile(r"#?[0-9A-Za-z]{6}")


def came_to_the_desk() -> QuerySet[Order]:
    """Orders that were paid, whatever became of them."""
    return Order.objects.filter(placed_at__isnull=False)


def counts(how: str = "") -> dict[str, int]:
    """How many orders lie in each tab."""
    rows = came_to_the_desk()
    if how:
        rows = rows.filter(fulfilment=how)
    return rows.aggregate(**{tab: Count("pk", filter=lies) for tab, lies in TABS.items()})


def queue(tab: str, *, how: str = "", words: str = "") -> QuerySet[Order]:
    """The orders of a tab, the oldest first (what is done: the latest first), each with `packs`, `given` and `asked`:
    how many packs it has, how many of them lie in the parcel, and how many questions wait for the patient; and whether
    its prescription `is_replaced`.

    `words` find an order by its number, or by name or phone of the patient or of who ordered.
    """
    rows = came_to_the_desk().filter(TABS[tab])
    if how:
        rows = rows.filter(fulfilment=how)
    if words:
        rows = rows.filter(_answers_to(words))
    lines = OrderItem.objects.filter(order=OuterRef("pk")).order_by().values("order")
    given = Dispensing.objects.filter(item__order=OuterRef("pk"), undone_at__isnull=True).order_by()
    asked = Substitution.objects.filter(item__order=OuterRef("pk"), status=SubstitutionStatus.PROPOSED).order_by()
    return (
        rows.select_related("patient__user")
        .annotate(
            packs=_summed(lines.annotate(n=Sum("quantity"))),
            lines=_summed(lines.annotate(n=Count("pk", filter=Q(quantity__gt=0)))),
            given=_summed(given.values("item__order").annotate(n=Sum("quantity"))),
            asked=_summed(asked.values("item__order").annotate(n=Count("pk"))),
            is_replaced=Exists(Prescription.objects.filter(replaces=OuterRef("prescription"))),
        )
        .order_by(*ORDERS[tab])
    )


def _summed(rows: QuerySet) -> Coalesce:
    return Coalesce(Subquery(rows.values("n"), output_field=IntegerField()), 0)


def _answers_to(words: str) -> Q:
    digits = re.sub(r"\D", "", words)
    if len(digits) >= 4 and not re.search(r"[^\d\s+()./-]", words):
        # Numbers are kept as +254…; at home they begin with a 0 instead.
        wanted = digits.removeprefix("0")
        found = (
            Q(contact_phone__contains=wanted)
            | Q(patient__user__phone__contains=wanted)
            | Q(patient__contact_phone__contains=wanted)
            | Q(placed_by__phone__contains=wanted)
        )
    else:
        found = Q()
        for word in words.split()[:4]:
            found &= Q(patient__first_name__icontains=word) | Q(patient__last_name__icontains=word)
    if NUMBER.fullmatch(words):
        found |= Q(pk__iendswith=words.removeprefix("#"))
    return found


def waits_since(order: Order) -> datetime | None:
    """Since when it lies where it is; None for what is done."""
    return {
        OrderStatus.PLACED: order.placed_at,
        OrderStatus.PROCESSING: order.placed_at,
        OrderStatus.DISPATCHED: order.dispatched_at,
    }.get(OrderStatus(order.status))


def lateness(order: Order, now: datetime) -> str:
    """ "warn" or "bad" for an order that lies there for too long, else nothing."""
    since = waits_since(order)
    if since is None:
        return ""
    on_the_way = order.status == OrderStatus.DISPATCHED
    warn, late = (WARN_ON_THE_WAY, LATE_ON_THE_WAY) if on_the_way else (WARN_AFTER, LATE_AFTER)
    age = now - since
    return "bad" if age >= late else "warn" if age >= warn else ""


@dataclass(slots=True)
class Offer:
    """A batch that a line may be dispensed from; `take` is how many packs of it are proposed, the first to expire
    first. `typed` is what stood there when the desk was refused."""

    batch: MedicineBatch
    take: int
    is_soon: bool
    typed: str = ""


@dataclass(slots=True)
class Line:
    """A line of an order with all that its pharmacist looks at."""

    item: OrderItem
    written: dict[str, str] | None
    given: list[Dispensing] = field(default_factory=list)
    undone: list[Dispensing] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    warnings: list[Warning] = field(default_factory=list)
    asked: Substitution | None = None
    answered: list[Substitution] = field(default_factory=list)
    # It needs a prescription that was replaced.
    is_stopped: bool = False
    # What the label is to say, and whether the pharmacist has to write it, because no doctor did for this medicine.
    directions: str = ""
    needs_directions: bool = False
    # Why the desk was refused a moment ago.
    refusal: str = ""

    @property
    def given_packs(self) -> int:
        return sum(row.quantity for row in self.given)

    @property
    def left(self) -> int:
        return self.item.quantity - self.given_packs

    @property
    def short(self) -> int:
        """How many packs of what is left the shelf does not hold."""
        return max(0, self.left - sum(offer.batch.on_hand for offer in self.offers))

    @property
    def is_done(self) -> bool:
        return self.left == 0


def lines_of(order: Order, today: date) -> list[Line]:
    """The lines as they stand, with batches, dispensings, questions and warnings. Five statements."""
    items = list(order.items.select_related("medicine").order_by("position"))
    batches: dict[str, list[MedicineBatch]] = defaultdict(list)
    usable = MedicineBatch.objects.filter(
        medicine__in={item.medicine_id for item in items}, on_hand__gt=0, set_aside_at__isnull=True
    )
    for batch in usable.filter(expires_on__gte=today).order_by("expires_on", "number"):
        batches[batch.medicine_id].append(batch)
    given: dict[str, list[Dispensing]] = defaultdict(list)
    for row in Dispensing.objects.filter(item__order=order).select_related("batch"):
        given[row.item_id].append(row)
    asked: dict[str, list[Substitution]] = defaultdict(list)
    for question in Substitution.objects.filter(item__order=order).select_related("medicine", "replaced"):
        asked[question.item_id].append(question)
    _name(given, asked)
    warned = _warnings(order, items, today)
    prescription = order.prescription
    is_stopping = order.status in IN_HAND and prescription is not None and prescription.replacement is not None
    lines = []
    for item in items:
        written = None
        if prescription is not None and item.prescription_line is not None:
            written = prescription.medications[item.prescription_line]
        line = Line(item=item, written=written)
        line.is_stopped = (
            is_stopping and written is not None and item.medicine.is_prescription_only and item.quantity > 0
        )
        line.given = [row for row in given[item.pk] if row.undone_at is None]
        line.undone = [row for row in given[item.pk] if row.undone_at is not None]
        line.asked = next((row for row in asked[item.pk] if row.status == SubstitutionStatus.PROPOSED), None)
        line.answered = [row for row in asked[item.pk] if row.status != SubstitutionStatus.PROPOSED]
        line.warnings = warned.get(item.pk, [])
        line.directions = proposed_for(item, prescription)
        line.needs_directions = written is not None and not written_for(item, prescription)
        left = line.left
        for batch in batches[item.medicine_id]:
            take = min(left, batch.on_hand)
            line.offers.append(Offer(batch, take, batch.expires_on < today + SOON))
            left -= take
        lines.append(line)
    return lines


def _name(given: dict[str, list[Dispensing]], asked: dict[str, list[Substitution]]) -> None:
    """Who dispensed, asked and answered, by name (`by_name`, `asked_by_name`, `answered_by_name`)."""
    dispensings = [row for rows in given.values() for row in rows]
    questions = [row for rows in asked.values() for row in rows]
    people = {row.dispensed_by_id for row in dispensings} | {row.undone_by_id or "" for row in dispensings}
    people |= {row.proposed_by_id for row in questions} | {row.answered_by_id or "" for row in questions}
    names = names_of(people - {""}) if people - {""} else {}
    for row in dispensings:
        row.by_name, row.undone_by_name = names.get(row.dispensed_by_id, ""), names.get(row.undone_by_id or "", "")
    for question in questions:
        question.asked_by_name = names.get(question.proposed_by_id, "")
        question.answered_by_name = names.get(question.answered_by_id or "", "")


def _warnings(order: Order, items: list[OrderItem], today: date) -> dict[str, list[Warning]]:
    """What the patient's allergies, and what else they were prescribed here, say against each line."""
    others = list(Prescription.objects.active(today).filter(patient=order.patient_id))
    if order.prescription_id:
        others = [row for row in others if row.pk != order.prescription_id]
    return {
        item.pk: warnings_for([{"name": str(item.medicine)}], allergies=order.patient.allergies, others=others)
        for item in items
        if item.quantity
    }


@dataclass(frozen=True, slots=True)
class Candidate:
    """A medicine that may take a line's place: `packs` of it for `price` each, and whether it holds the same."""

    medicine: Medicine
    packs: int
    price: Decimal
    is_same: bool

    @property
    def total(self) -> Decimal:
        return self.price * self.packs


def packs_instead(item: OrderItem, medicine: Medicine, wanted: Wanted | None = None) -> int:
    """How many packs of `medicine` hold as much of the course, `wanted`, as the line does; or as many tablets, ml …;
    the same number where neither can be reckoned."""
    if wanted is not None and packs_needed(wanted, medicine) is not None:
        share = min(share_of(wanted, item.medicine, item.quantity), Fraction(1))
        return max(1, packs_left(wanted, medicine, 1 - share))
    if medicine.pack_unit != item.medicine.pack_unit or medicine.strength != item.medicine.strength:
        return item.quantity
    return -(-item.quantity * item.medicine.pack_size // medicine.pack_size)


def candidates_for(item: OrderItem, words: str = "", *, written: dict[str, str] | None = None) -> list[Candidate]:
    """Medicines on the shelf that may take the line's place, those of the same substance first; `written` is the line
    of the prescription that it fills."""
    same = sorted(item.medicine.substances)
    wanted = wanted_of(written) if written is not None else None
    rows = search_catalogue(words) if words else Medicine.objects.on_sale().filter(substances__overlap=same)
    found = []
    for medicine in rows.filter(stock__gt=0).exclude(pk=item.medicine_id).order_by("generic_name", "pk")[:60]:
        if suits(item, medicine):
            packs = packs_instead(item, medicine, wanted)
            price = price_for(item, medicine, packs)
            found.append(Candidate(medicine, packs, price, sorted(medicine.substances) == same))

    def rank(one: Candidate) -> tuple[bool, bool, bool]:
        is_like = one.medicine.strength == item.medicine.strength
        return not one.is_same, one.medicine.form != item.medicine.form, not is_like

    return sorted(found, key=rank)[:MOST_OFFERED]


def payments_of(order: Order) -> list[Payment]:
    rows = Payment.objects.filter(type=PaymentPurpose.ORDER, subject_id=order.pk)
    return list(rows.order_by("created_at", "pk"))


def refunds_of(order: Order) -> list[Refund]:
    rows = Refund.objects.filter(payment__type=PaymentPurpose.ORDER, payment__subject_id=order.pk)
    return list(rows.select_related("payment").order_by("created_at", "pk"))


def given_back(refunds: list[Refund]) -> Decimal:
    return sum((row.amount for row in refunds if row.status != RefundStatus.FAILED), Decimal(0))


def is_delivery(order: Order) -> bool:
    return order.fulfilment == Fulfilment.DELIVERY


def kept_of(order: Order) -> Decimal:
    """What the clinic holds of the patient's money for the order: what cancelling pays back."""
    return paid_total(order.pk) - refunded_total(order.pk)
