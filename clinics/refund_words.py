"""The clinic's cancellation policy as sentences about one visit."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from clinics.models import Clinic
from precta import clock
from precta.templatetags.precta_tags import clinic_time

WHOLE, HALF = 100, 50


def moving_sentence(*, clinic: Clinic, starts_at: datetime, is_free: bool, now: datetime | None = None) -> str:
    """Until when the visit could be moved; empty when that is over already."""
    until = starts_at - clinic.policy.notice_to_move(is_free=is_free)
    if until <= (now or clock.now()):
        return ""
    return _("You can move the visit until %(time)s.") % {"time": clinic_time(until, clinic)}


def refund_sentences(*, clinic: Clinic, starts_at: datetime | None = None, now: datetime | None = None) -> list[str]:
    """What a patient who cancels gets back, step by step; without `starts_at` in hours before any visit.

    Steps whose time has passed are left out. Times are the clinic's. The rule itself is
    `ClinicSettings.refund_percent`; whoever cancels sees its result in money before.
    """
    now = now or clock.now()
    sentences = []
    for step in clinic.policy.refund_steps:
        if starts_at is None:
            values: dict[str, object] = {"hours": step.hours_before, "percent": step.percent}
            if step.percent == WHOLE:
                sentences.append(_("Free to cancel up to %(hours)s hours before.") % values)
            elif step.percent == HALF:
                sentences.append(_("Half back up to %(hours)s hours before.") % values)
            else:
                sentences.append(_("%(percent)s%% back up to %(hours)s hours before.") % values)
            continue
        until = starts_at - timedelta(hours=step.hours_before)
        if until <= now:
            continue
        values = {"time": clinic_time(until, clinic), "percent": step.percent}
        if step.percent == WHOLE:
            sentences.append(_("Free to cancel until %(time)s.") % values)
        elif step.percent == HALF:
            sentences.append(_("Half back until %(time)s.") % values)
        else:
            sentences.append(_("%(percent)s%% back until %(time)s.") % values)
    sentences.append(
        _("Nothing back after that.") if sentences else _("This visit is not refunded when you cancel it.")
    )
    return sentences
