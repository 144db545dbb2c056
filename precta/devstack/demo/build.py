"""The whole demo, in one transaction."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import models, transaction

from accounts.models import ClinicPatient, Consent, Doctor, Role, User
from accounts.services.search_index import index_clinic
from appointments.figures.days import keep_recent_days
from appointments.models import (
    Appointment,
    AppointmentStatus,
    Consultation,
    ConsultationAddendum,
    DoctorAvailability,
    TimeOff,
)
from appointments.services.projections import refresh_clinic
from clinics.models import Clinic, ClinicStatus, Membership, MembershipRole
from clinics.services.creation import create_clinic
from content.models import Review, ReviewAnswer, ReviewReport
from pharmacy.models import (
    Dispensing,
    Medicine,
    MedicineBatch,
    Order,
    OrderItem,
    Prescription,
    PrescriptionTemplate,
    PriceChange,
    StockMovement,
    Substitution,
)
from precta import clock, hosts
from precta.devstack.demo.applications import add_applications
from precta.devstack.demo.catalogue import make_catalogue
from precta.devstack.demo.dice import Dice
from precta.devstack.demo.documents import add_documents
from precta.devstack.demo.health_articles import Library
from precta.devstack.demo.money import Till
from precta.devstack.demo.orders import Counter
from precta.devstack.demo.people import Cast, People
from precta.devstack.demo.places import CLINICS
from precta.devstack.demo.prescriptions import Pharmacy
from precta.devstack.demo.reviews import Critics, count_ratings
from precta.devstack.demo.visits import Book, Visits
from precta.devstack.paths import find_paths
from precta.notifications.models import NotificationType
from precta.notifications.services import notify
from precta.payments.models import Payment, Refund
from precta.tenancy import clinic_context, public_context

SEED = 2026
BATCH = 2000


def is_built() -> bool:
    return Clinic.objects.filter(slug=CLINICS[0].slug).exists()


def build_demo(
    *, seed: int = SEED, now: datetime | None = None, say: Callable[[str], None] = lambda _text: None
) -> None:
    """Build clinics, people, visits and money around `now`; nothing stays when a step fails."""
    now = (now or clock.now()).replace(second=0, microsecond=0)
    dice = Dice(seed)
    till = Till(dice)
    with public_context(), transaction.atomic():
        clinics = {}
        for plan in CLINICS:
            say(f"clinic {plan.name}")
            clinics[plan.slug] = create_clinic(
                name=plan.name,
                slug=plan.slug,
                city=plan.city,
                region=plan.region,
                address=plan.address,
                phone=plan.phone,
                email=f"hello@{plan.slug}.precta.example",
                description=plan.description,
                operating_hours=plan.hours,
                settings=plan.settings,
            )
        say("doctors, patients and staff")
        cast = People(dice, now.date(), now).build(clinics)
        for plan in CLINICS:
            say(f"six weeks of visits to either side of today at {plan.name}")
            clinic = clinics[plan.slug]
            book = Visits(dice, clinic, cast, till, now).build()
            _save(clinic, book, till)
            prescriptions = _prescribe(Pharmacy(Dice(f"{seed} {clinic.slug}"), clinic, now), clinic, book)
            made = make_catalogue(clinic, dice=Dice(f"{seed} {clinic.slug} shelf"), now=now)
            counter = Counter(Dice(f"{seed} {clinic.slug} orders"), clinic, made, till, now, _pharmacist(clinic))
            _sell(counter, cast, book, prescriptions)
            _say_how_it_was(Dice(f"{seed} {clinic.slug} reviews"), clinic, book, cast, now)
            with clinic_context(clinic):
                add_documents(dice, cast.patients[0], now)
            if plan.suspended:
                # Its future visits were cancelled when it was suspended; here they never were.
                with clinic_context(clinic):
                    _drop_future(now)
                Clinic.objects.filter(pk=clinic.pk).update(status=ClinicStatus.SUSPENDED)
        _count_consultations(cast, clinics)
        count_ratings()
        _welcome(cast)
        known = [patient for patient in cast.patients if patient.user.has_email and patient.user.email_verified]
        add_applications(known[20:23], User.objects.filter(role=Role.ADMIN).earliest("email"), now)
        say("health articles")
        Library(Dice(f"{seed} articles"), cast.doctors, now).build()
        till.write_ledger(ledger_file())
    for plan in CLINICS:
        with clinic_context(clinics[plan.slug]):
            keep_recent_days(clinics[plan.slug], now=now)
        if not plan.suspended:
            say(f"free times and search words of {plan.name}")
            index_clinic(clinic=clinics[plan.slug])
            refresh_clinic(clinics[plan.slug])


def ledger_file() -> Path:
    return find_paths().paystack / "ledger.sqlite3"


def _save(clinic: Clinic, book: Book, till: Till) -> None:
    with clinic_context(clinic):
        for model, rows in (
            (DoctorAvailability, book.windows),
            (TimeOff, book.time_off),
            (Payment, till.payments.get(clinic.pk, [])),
            (Refund, till.refunds.get(clinic.pk, [])),
            (Appointment, book.appointments),
            (Consultation, book.consultations),
            (ConsultationAddendum, book.addenda),
        ):
            _insert(model, rows)
    _insert(ClinicPatient, list(book.links.values()))
    _insert(Consent, book.consents)


def _prescribe(pharmacy: Pharmacy, clinic: Clinic, book: Book) -> list[Prescription]:
    first = book.windows[0].doctor if book.windows else None
    with clinic_context(clinic):
        prescriptions = pharmacy.build(book.appointments)
        _insert(Prescription, prescriptions, stamp="issued_at")
        _insert(PrescriptionTemplate, pharmacy.templates(first) if first is not None else [])
    return prescriptions


def _pharmacist(clinic: Clinic) -> User | None:
    """Who dispenses: of the pharmacists, or else of the owners, the first."""
    for role in (MembershipRole.PHARMACIST, MembershipRole.OWNER):
        membership = Membership.objects.filter(clinic=clinic, role=role).select_related("user").order_by("pk").first()
        if membership is not None:
            return membership.user
    return None


def _sell(counter: Counter, cast: Cast, book: Book, prescriptions: list[Prescription]) -> None:
    """The catalogue, and what was ordered of it; a clinic that is closed has orders of the past only, and so none."""
    clinic, till, made = counter.clinic, counter.till, counter.made
    payments, refunds = (len(rows.get(clinic.pk, [])) for rows in (till.payments, till.refunds))
    with clinic_context(clinic):
        if not any(plan.suspended for plan in CLINICS if plan.slug == clinic.slug):
            known = set(book.links)
            counter.build([patient for patient in cast.patients if patient.pk in known], prescriptions)
        _insert(Payment, till.payments.get(clinic.pk, [])[payments:])
        _insert(Refund, till.refunds.get(clinic.pk, [])[refunds:])
        _insert(Medicine, made.medicines)
        _insert(MedicineBatch, made.batches, stamp="received_at")
        _insert(Order, counter.orders)
        _insert(OrderItem, counter.items)
        _insert(StockMovement, made.movements, stamp="made_at")
        _insert(Dispensing, counter.dispensings, stamp="dispensed_at")
        _insert(Substitution, counter.substitutions, stamp="proposed_at")
        _insert(PriceChange, made.prices, stamp="changed_at")


def _say_how_it_was(dice: Dice, clinic: Clinic, book: Book, cast: Cast, now: datetime) -> None:
    moderator = User.objects.filter(role=Role.ADMIN).earliest("email")
    made = Critics(dice, clinic, cast.guardians, moderator, cast.patients[0], now).build(book.consultations)
    _insert(Review, made.reviews)
    _insert(ReviewAnswer, made.answers)
    _insert(ReviewReport, made.reports)


def _insert(model: type[models.Model], rows: list, *, stamp: str = "created_at") -> None:
    """Bulk insert that keeps the `created_at` of the past, which auto_now_add would overwrite."""
    stamps = {row.pk: getattr(row, stamp) for row in rows if getattr(row, stamp, None)}
    created = model._meta.get_field(stamp) if stamps else None
    if created is not None:
        created.auto_now_add = False
    try:
        model._default_manager.bulk_create(rows, batch_size=BATCH)
    finally:
        if created is not None:
            created.auto_now_add = True


def _drop_future(now: datetime) -> None:
    future = Appointment.objects.filter(scheduled_at__gte=now)
    payments = list(future.values_list("payment_id", flat=True))
    future.delete()
    Refund.objects.filter(payment__in=payments).delete()
    Payment.objects.filter(pk__in=payments).delete()


def _count_consultations(cast: Cast, clinics: dict[str, Clinic]) -> None:
    counts: dict[str, int] = {}
    for clinic in clinics.values():
        with clinic_context(clinic):
            done = Appointment.objects.filter(status=AppointmentStatus.COMPLETED).values_list("doctor_id")
            counts.update(done.annotate(n=models.Count("pk")).order_by())
    for doctor in cast.doctors:
        doctor.total_consultations = counts.get(doctor.pk, 0)
    Doctor.objects.bulk_update(cast.doctors, ["total_consultations"])


def _welcome(cast: Cast) -> None:
    amina = cast.patients[0]
    notify(
        event_id="demo-welcome",
        user=amina.user,
        type=NotificationType.GENERAL,
        title="Welcome to Precta",
        body="Find a doctor, take a free time and pay by M-Pesa or card. Your visits stay in one place.",
        data={"url": hosts.origin(settings.PLATFORM_HOST) + "/doctors/", "action": "Find a doctor"},
        channels=("push",),
    )
