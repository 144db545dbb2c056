"""The day by which a prescription is judged."""

from datetime import date

from clinics.models import Clinic
from precta import clock


def today_at(clinic: Clinic) -> date:
    """Today by the clinic's calendar."""
    return clock.now().astimezone(clinic.policy.tz).date()
