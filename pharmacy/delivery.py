"""How an order gets there, and what that costs by the clinic's rule."""

from dataclasses import dataclass
from decimal import Decimal

from clinics.policy_settings import ClinicSettings
from pharmacy.exceptions import NotDelivered, NotSold
from pharmacy.models import Fulfilment

FREE = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Zone:
    """A place that is delivered to: `fee` is what an order of the asked subtotal pays there."""

    name: str
    fee: Decimal


def ways_of(policy: ClinicSettings) -> list[Fulfilment]:
    """How the clinic hands orders out; empty when it sells nothing."""
    if not policy.sells_medicines:
        return []
    ways = [(Fulfilment.DELIVERY, policy.offers_delivery), (Fulfilment.PICKUP, policy.offers_pickup)]
    return [way for way, is_offered in ways if is_offered]


def delivery_fee(*, policy: ClinicSettings, fulfilment: str, zone: str, subtotal: Decimal) -> Decimal:
    """What bringing an order of `subtotal` costs: nothing for a pick-up and from `free_delivery_from` on, the zone's
    fee where the clinic has zones (then one of them must be named), the flat fee otherwise.

    Raises NotSold and NotDelivered.
    """
    ways = ways_of(policy)
    if not ways:
        raise NotSold
    if fulfilment not in ways:
        raise NotDelivered
    if fulfilment == Fulfilment.PICKUP:
        return FREE
    fees = {known.name: known.fee for known in policy.delivery_zones}
    if fees and zone not in fees:
        raise NotDelivered
    if policy.free_delivery_from is not None and subtotal >= policy.free_delivery_from:
        return FREE
    return (fees[zone] if fees else policy.delivery_fee).quantize(FREE)


def zones_of(policy: ClinicSettings, subtotal: Decimal) -> list[Zone]:
    """The clinic's zones with what each costs for an order of `subtotal`; empty when the fee is the same everywhere."""
    return [
        Zone(
            zone.name,
            delivery_fee(policy=policy, fulfilment=Fulfilment.DELIVERY, zone=zone.name, subtotal=subtotal),
        )
        for zone in (policy.delivery_zones if policy.offers_delivery and policy.sells_medicines else ())
    ]
