"""The sentences. Called with the reader's language active."""

from datetime import datetime
from decimal import Decimal

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from appointments.models import Appointment
from appointments.services.cancellation import Side
from precta.notifications.telling import Words
from precta.payments.models import PaymentMethod
from precta.templatetags.precta_tags import money


def _when(visit: Appointment) -> str:
    local = timezone.localtime(visit.scheduled_at, visit.clinic.policy.tz)
    return f"{formats.date_format(local, 'D j M Y, H:i')} ({local:%Z})"


def _facts(visit: Appointment) -> str:
    return _("%(when)s with %(doctor)s, %(clinic)s. %(kind)s.") % {
        "when": _when(visit),
        "doctor": visit.doctor.display_name,
        "clinic": visit.clinic.name,
        "kind": visit.get_consultation_type_display(),
    }


def _for_whom(visit: Appointment) -> str:
    return _("The visit is for %(name)s.") % {"name": visit.patient.first_name}


def _paragraphs(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)


def _about(visit: Appointment, title: str, body: str, action: str, sms: str = "") -> Words:
    """For the patient's side. In short, for a phone's locked screen: what and when, neither the clinic nor the doctor;
    a link follows."""
    return Words(title, body, action, sms or _("%(news)s: %(when)s.") % {"news": title, "when": _when(visit)})


def see_visit() -> str:
    return _("See the visit")


def confirmed(visit: Appointment, *, for_child: bool) -> Words:
    place = visit.clinic.address if visit.consultation_type == "in_person" else ""
    return _about(
        visit,
        _("Your visit is confirmed"),
        _paragraphs(
            _facts(visit),
            _for_whom(visit) if for_child else "",
            _("Where: %(address)s") % {"address": place} if place else "",
            _("You can move or cancel it, add it to your calendar and print the receipt from the visit's page."),
        ),
        see_visit(),
        _("Your visit is confirmed: %(when)s. To see it, move it or get the receipt, enter this phone number at")
        % {"when": _when(visit)},
    )


def confirmed_to_doctor(visit: Appointment) -> Words:
    return Words(_("New visit booked"), _("%(when)s. %(kind)s.") % _brief(visit), _("Open the day"))


def cancelled(visit: Appointment, *, side: str | None, cause: str | None) -> Words:
    if side == Side.PATIENT:
        who = _("You cancelled this visit.")
    elif cause == Side.PATIENT:
        who = _("The clinic cancelled this visit for you, as you asked.")
    else:
        who = _("The clinic had to cancel this visit. We are sorry; please choose another time.")
    return _about(visit, _("Your visit is cancelled"), _paragraphs(_facts(visit), who, _refund(visit)), see_visit())


def cancelled_to_doctor(visit: Appointment) -> Words:
    return Words(_("A visit was cancelled"), _("%(when)s. %(kind)s.") % _brief(visit), _("Open the day"))


def moved(old: Appointment, new: Appointment) -> Words:
    return _about(
        new,
        _("Your visit has a new time"),
        _paragraphs(_facts(new), _("It was on %(when)s before.") % {"when": _when(old)}),
        see_visit(),
    )


def moved_to_doctor(old: Appointment, new: Appointment) -> Words:
    return Words(
        _("A visit was moved"),
        _("From %(old)s to %(new)s.") % {"old": _when(old), "new": _when(new)},
        _("Open the day"),
    )


def expired(visit: Appointment, *, has_money_aside: bool) -> Words:
    said = (
        _("We have received a payment that differs from the price. The clinic is looking at it and will call you.")
        if has_money_aside
        else _("No payment reached us in time. Nothing was booked; choose a time again.")
    )
    return _about(
        visit,
        _("Your time is no longer held"),
        _paragraphs(_facts(visit), said),
        _("Choose a time"),
    )


def displaced(visit: Appointment) -> Words:
    return _about(
        visit,
        _("Your doctor is away at the time of your visit"),
        _paragraphs(
            _facts(visit),
            _("Please choose a new time at no cost, or cancel and get everything back that you paid."),
        ),
        _("Choose what to do"),
    )


def barred(visit: Appointment) -> Words:
    return _about(
        visit,
        _("Your doctor sees no patients at the moment"),
        _paragraphs(
            _facts(visit),
            _("Please cancel this visit and get everything back that you paid, then choose another doctor."),
        ),
        _("Choose what to do"),
    )


def reinstated(visit: Appointment) -> Words:
    return _about(
        visit,
        _("Your visit takes place after all"),
        _paragraphs(_facts(visit), _("The doctor is there at this time after all. You need not do anything.")),
        see_visit(),
    )


def reminder(visit: Appointment) -> Words:
    how = (
        _("Join from the visit's page a few minutes before.")
        if visit.consultation_type == "video"
        else _("Please come ten minutes early: %(address)s.") % {"address": visit.clinic.address}
    )
    return _about(visit, _("Your visit is coming up"), _paragraphs(_facts(visit), how), see_visit())


def summary_ready(visit: Appointment) -> Words:
    said = _("Your doctor has finished the notes. The summary is on the visit's page, for you alone to read.")
    return _about(visit, _("Your visit summary is ready"), _paragraphs(_facts(visit), said), _("Read the summary"))


def follow_up_proposed(visit: Appointment, at: datetime) -> Words:
    local = timezone.localtime(at, visit.clinic.policy.tz)
    when = f"{formats.date_format(local, 'D j M Y, H:i')} ({local:%Z})"
    said = _("%(doctor)s proposes %(when)s for your next visit. Nothing is booked until you take it.") % {
        "doctor": visit.doctor.display_name,
        "when": when,
    }
    return Words(
        _("A time for your next visit"),
        said,
        _("Book this time"),
        _("A time for your next visit is proposed: %(when)s. Nothing is booked until you take it.") % {"when": when},
    )


def left_open(visit: Appointment) -> Words:
    return Words(
        _("A visit was not ended"),
        _("%(when)s. It was ended for you at the end of its time; its notes wait to be finished.")
        % {"when": _when(visit)},
        _("Finish the notes"),
    )


def paid_too_late(visit: Appointment, amount: Decimal, currency: str) -> Words:
    return _about(
        visit,
        _("Your payment came too late"),
        _paragraphs(
            _facts(visit),
            _("Your time was no longer held when the payment of %(amount)s arrived. All of it goes back to you.")
            % {"amount": money(amount, currency)},
        ),
        see_visit(),
    )


def payment_received(visit: Appointment, amount: Decimal, currency: str) -> Words:
    return _about(
        visit,
        _("Payment received"),
        _paragraphs(
            _("We received %(amount)s.") % {"amount": money(amount, currency)},
            _facts(visit),
        ),
        _("See the receipt"),
    )


def refunded(visit: Appointment, amount: Decimal, currency: str) -> Words:
    return _about(
        visit,
        _("Your money is on its way back"),
        _paragraphs(
            _("%(amount)s went back the way it was paid. M-Pesa is quick; a card can take up to ten days.")
            % {"amount": money(amount, currency)},
            _facts(visit),
        ),
        see_visit(),
        _("%(amount)s went back the way it was paid.") % {"amount": money(amount, currency)},
    )


def handed_back(visit: Appointment, amount: Decimal, currency: str) -> Words:
    said = _("The clinic handed %(amount)s back to you in cash.") % {"amount": money(amount, currency)}
    return _about(visit, _("Your money is back"), _paragraphs(said, _facts(visit)), see_visit(), said)


def refund_stuck(amount: Decimal, currency: str) -> Words:
    return Words(
        _("A refund needs your attention"),
        _("The payment provider could not pay back %(amount)s. Please settle it with the provider or the patient.")
        % {"amount": money(amount, currency)},
        _("Open the administration"),
    )


def payment_put_aside(reference: str) -> Words:
    return Words(
        _("A payment does not match"),
        _("For payment %(reference)s the provider reports another amount, currency or account. Nothing was booked.")
        % {"reference": reference},
        _("Open the administration"),
    )


def nobody_reached(visit: Appointment) -> Words:
    return Words(
        _("A patient could not be told"),
        _(
            "The visit on %(when)s with %(doctor)s has changed, and its patient has neither an e-mail nor a phone with "
            "us, nor somebody who looks after them. If you know another way, please tell them."
        )
        % {"when": _when(visit), "doctor": visit.doctor.display_name},
        _("Open the administration"),
    )


def _refund(visit: Appointment) -> str:
    if visit.refund_due:
        amount = {"amount": money(visit.refund_due, visit.currency)}
        if visit.payment is not None and visit.payment.method == PaymentMethod.CASH:
            return _("%(amount)s waits for you at the clinic, in cash.") % amount
        return _("%(amount)s goes back to you the way it was paid.") % amount
    return _("There is nothing to pay back.")


def _brief(visit: Appointment) -> dict[str, str]:
    return {"when": _when(visit), "kind": visit.get_consultation_type_display()}
