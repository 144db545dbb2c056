"""A clinic's own rules: the typed reader of `Clinic.settings`.

Times are minutes or hours as the name says; shares are whole percent of the fee; money is in the clinic's currency.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class RefundStep:
    """Cancelling at least `hours_before` the visit gives back `percent` of what was paid."""

    hours_before: int
    percent: int


def _refund_steps(stored: Iterable[Mapping[str, Any]]) -> tuple[RefundStep, ...]:
    steps = (RefundStep(int(step["hours_before"]), int(step["percent"])) for step in stored)
    return tuple(sorted(steps, key=lambda step: -step.hours_before))


@dataclass(frozen=True, slots=True)
class DeliveryZone:
    """A place that the clinic's pharmacy delivers to, for a fee of its own."""

    name: str
    fee: Decimal


def _delivery_zones(stored: Iterable[Mapping[str, Any]]) -> tuple[DeliveryZone, ...]:
    return tuple(DeliveryZone(str(zone["name"]), Decimal(str(zone["fee"]))) for zone in stored)


DEFAULT_TIME_ZONE = "Africa/Nairobi"
DEFAULT_REFUND_STEPS = (RefundStep(24, 100), RefundStep(2, 50))


@dataclass(frozen=True, slots=True)
class ClinicSettings:
    time_zone: str = DEFAULT_TIME_ZONE
    currency: str = "KES"
    hold_minutes: int = 15
    lead_time_minutes: int = 60
    horizon_days: int = 42
    buffer_minutes: int = 0
    no_show_grace_minutes: int = 15
    refund_steps: tuple[RefundStep, ...] = DEFAULT_REFUND_STEPS
    sells_medicines: bool = True
    offers_delivery: bool = True
    offers_pickup: bool = True
    delivery_fee: Decimal = Decimal("250.00")
    delivery_zones: tuple[DeliveryZone, ...] = ()
    free_delivery_from: Decimal | None = None
    records_quota_mb: int = 200

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> "ClinicSettings":
        """Fill what is not stored with the defaults; unknown keys are left alone."""
        stored = stored or {}
        known = {f.name: stored[f.name] for f in fields(cls) if f.name in stored}
        if "refund_steps" in known:
            known["refund_steps"] = _refund_steps(known["refund_steps"])
        if "delivery_fee" in known:
            known["delivery_fee"] = Decimal(str(known["delivery_fee"]))
        if "delivery_zones" in known:
            known["delivery_zones"] = _delivery_zones(known["delivery_zones"])
        if known.get("free_delivery_from") is not None:
            known["free_delivery_from"] = Decimal(str(known["free_delivery_from"]))
        return cls(**known)

    def stored_refund_steps(self) -> list[dict[str, int]]:
        """The refund steps as `Clinic.settings` and a booked visit store them."""
        return [asdict(step) for step in self.refund_steps]

    def with_refund_steps(self, stored: Iterable[Mapping[str, Any]] | None) -> "ClinicSettings":
        """These settings with the refund steps that were `stored` earlier; the present ones when None were."""
        return self if stored is None else replace(self, refund_steps=_refund_steps(stored))

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def records_quota(self) -> int:
        """How many bytes of documents the clinic keeps for one patient."""
        return self.records_quota_mb * 2**20

    @property
    def hold(self) -> timedelta:
        return timedelta(minutes=self.hold_minutes)

    @property
    def lead_time(self) -> timedelta:
        return timedelta(minutes=self.lead_time_minutes)

    @property
    def no_show_grace(self) -> timedelta:
        """How long after a visit's time nobody may say yet that the patient did not come."""
        return timedelta(minutes=self.no_show_grace_minutes)

    def notice_to_move(self, *, is_free: bool) -> timedelta:
        """How long before a visit the patient may still move it: as long as cancelling would give something back.

        Where nothing was paid, or the clinic gives nothing back anyway, up to the lead time.
        """
        hours = [step.hours_before for step in self.refund_steps if step.percent > 0]
        return self.lead_time if is_free or not hours else timedelta(hours=min(hours))

    def refund_percent(self, notice: timedelta) -> int:
        """Percent given back to a patient who cancels `notice` before the visit (0 when too late)."""
        for step in self.refund_steps:
            if notice >= timedelta(hours=step.hours_before):
                return step.percent
        return 0
