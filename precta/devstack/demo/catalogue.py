"""What the pharmacies of the demo sell: some seventy articles each, with batches, prices and how the stock came to be.

Names and substances are the formulary's; prices are lifelike for Kenya and nobody's in particular.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from clinics.models import Clinic
from pharmacy.formulary import known_medicines
from pharmacy.models import Medicine, MedicineBatch, MovementKind, PriceChange, StockMovement
from precta.devstack.demo.dice import Dice

# generic name | brand | strength | form | pack size | counted in | price of a pack in KES | x: only on prescription
_TABLE = """
Paracetamol | | 500 mg | tablet | 20 | tablets | 60 |
Paracetamol | Panadol | 500 mg | tablet | 20 | tablets | 180 |
Paracetamol | Calpol | 120 mg/5 ml | syrup | 60 | ml | 390 |
Ibuprofen | | 200 mg | tablet | 30 | tablets | 110 |
Ibuprofen | | 400 mg | tablet | 30 | tablets | 150 |
Ibuprofen | Brufen | 400 mg | tablet | 30 | tablets | 620 |
Ibuprofen | | 100 mg/5 ml | suspension | 100 | ml | 160 |
Diclofenac | | 50 mg | tablet | 30 | tablets | 120 | x
Diclofenac | Voltaren | 1% | gel | 50 | g | 890 |
Aspirin | | 75 mg | tablet | 30 | tablets | 130 |
Hyoscine butylbromide | Buscopan | 10 mg | tablet | 20 | tablets | 540 |
Amoxicillin | | 250 mg | capsule | 21 | capsules | 140 | x
Amoxicillin | | 500 mg | capsule | 15 | capsules | 190 | x
Amoxicillin | Amoxil | 500 mg | capsule | 15 | capsules | 720 | x
Amoxicillin | | 125 mg/5 ml | suspension | 100 | ml | 150 | x
Amoxicillin and clavulanic acid | | 625 mg | tablet | 14 | tablets | 580 | x
Amoxicillin and clavulanic acid | Augmentin | 625 mg | tablet | 14 | tablets | 1850 | x
Flucloxacillin | | 500 mg | capsule | 20 | capsules | 360 | x
Cefuroxime | | 500 mg | tablet | 10 | tablets | 650 | x
Cefixime | | 400 mg | tablet | 10 | tablets | 780 | x
Azithromycin | | 500 mg | tablet | 3 | tablets | 320 | x
Azithromycin | Zithromax | 200 mg/5 ml | suspension | 15 | ml | 1450 | x
Erythromycin | | 250 mg | tablet | 28 | tablets | 310 | x
Doxycycline | | 100 mg | capsule | 10 | capsules | 90 | x
Ciprofloxacin | | 500 mg | tablet | 10 | tablets | 180 | x
Ciprofloxacin | | 0.3% | drops | 5 | ml | 170 | x
Chloramphenicol | | 1% | ointment | 5 | g | 95 | x
Co-trimoxazole | | 480 mg | tablet | 20 | tablets | 80 | x
Nitrofurantoin | | 100 mg | capsule | 14 | capsules | 420 | x
Metronidazole | | 400 mg | tablet | 21 | tablets | 120 | x
Metronidazole | Flagyl | 200 mg/5 ml | suspension | 100 | ml | 480 | x
Aciclovir | | 400 mg | tablet | 35 | tablets | 690 | x
Fluconazole | | 150 mg | capsule | 1 | capsules | 110 | x
Clotrimazole | | 1% | cream | 20 | g | 140 |
Clotrimazole | Canesten | 1% | cream | 20 | g | 640 |
Clotrimazole | | 100 mg | pessary | 6 | pessaries | 210 |
Terbinafine | | 1% | cream | 15 | g | 350 |
Artemether and lumefantrine | | 20 mg/120 mg | tablet | 24 | tablets | 150 | x
Artemether and lumefantrine | Coartem | 20 mg/120 mg | tablet | 24 | tablets | 690 | x
Albendazole | | 400 mg | tablet | 1 | tablets | 40 |
Albendazole | Zentel | 400 mg | tablet | 1 | tablets | 220 |
Amlodipine | | 5 mg | tablet | 30 | tablets | 160 | x
Amlodipine | | 10 mg | tablet | 30 | tablets | 220 | x
Losartan | | 50 mg | tablet | 30 | tablets | 380 | x
Enalapril | | 5 mg | tablet | 30 | tablets | 210 | x
Hydrochlorothiazide | | 25 mg | tablet | 30 | tablets | 120 | x
Furosemide | | 40 mg | tablet | 30 | tablets | 130 | x
Atorvastatin | | 20 mg | tablet | 30 | tablets | 560 | x
Clopidogrel | | 75 mg | tablet | 30 | tablets | 780 | x
Metformin | | 500 mg | tablet | 60 | tablets | 240 | x
Metformin | Glucophage | 500 mg | tablet | 60 | tablets | 990 | x
Metformin | | 850 mg | tablet | 60 | tablets | 350 | x
Gliclazide | | 80 mg | tablet | 60 | tablets | 690 | x
Insulin, biphasic isophane | Mixtard | 100 units/ml | injection | 1 | vials | 890 | x
Levothyroxine | | 50 micrograms | tablet | 30 | tablets | 420 | x
Omeprazole | | 20 mg | capsule | 14 | capsules | 130 |
Esomeprazole | Nexium | 40 mg | tablet | 14 | tablets | 2150 | x
Magnesium trisilicate | | | suspension | 100 | ml | 120 |
Metoclopramide | | 10 mg | tablet | 20 | tablets | 90 | x
Loperamide | Imodium | 2 mg | capsule | 12 | capsules | 430 |
Oral rehydration salts | | 500 ml | powder | 10 | sachets | 150 |
Zinc sulfate | | 20 mg | tablet | 10 | tablets | 60 |
Lactulose | | 3.35 g/5 ml | syrup | 200 | ml | 680 |
Cetirizine | | 10 mg | tablet | 10 | tablets | 70 |
Cetirizine | Zyrtec | 10 mg | tablet | 10 | tablets | 580 |
Loratadine | | 5 mg/5 ml | syrup | 100 | ml | 290 |
Chlorphenamine | Piriton | 4 mg | tablet | 30 | tablets | 210 |
Salbutamol | Ventolin | 100 micrograms | inhaler | 200 | doses | 690 | x
Beclometasone | | 100 micrograms | inhaler | 200 | doses | 980 | x
Prednisolone | | 5 mg | tablet | 30 | tablets | 110 | x
Hydrocortisone | | 1% | cream | 15 | g | 180 |
Betamethasone | Betnovate | 0.1% | cream | 30 | g | 720 | x
Ferrous sulfate and folic acid | | 60 mg/0.4 mg | tablet | 30 | tablets | 120 |
Folic acid | | 5 mg | tablet | 30 | tablets | 90 |
Levonorgestrel | Postinor | 1.5 mg | tablet | 1 | tablets | 250 |
"""

LOW = ("Co-trimoxazole", "Furosemide", "Loratadine", "Levothyroxine")
SOLD_OUT = "Beclometasone"
NEARLY_EXPIRED = "Lactulose"
EXPIRED = "Nitrofurantoin"
DEARER = ("Atorvastatin", "Metformin", "Omeprazole")


@dataclass(slots=True)
class Catalogue:
    """The rows of one clinic's pharmacy; stock and shelves are the sums of the movements."""

    medicines: list[Medicine] = field(default_factory=list)
    batches: list[MedicineBatch] = field(default_factory=list)
    movements: list[StockMovement] = field(default_factory=list)
    prices: list[PriceChange] = field(default_factory=list)


def make_catalogue(clinic: Clinic, *, dice: Dice, now: datetime) -> Catalogue:
    """What `clinic` sells as of `now`, not saved: a few articles are low, one is sold out, one batch expires within
    two months and another one has expired and was set aside."""
    made = Catalogue()
    substances = {one.name: list(one.substances) for one in known_medicines()}
    for number, line in enumerate(_TABLE.strip().splitlines(), 1):
        name, brand, strength, form, size, unit, price, mark = (part.strip() for part in line.split("|"))
        began = now - timedelta(days=dice.randint(200, 320))
        medicine = Medicine(
            id=dice.id(),
            sku=f"{name[:3].upper()}-{number:03d}",
            generic_name=name,
            brand_name=brand,
            substances=substances[name],
            form=form,
            strength=strength,
            pack_size=int(size),
            pack_unit=unit,
            price=_near(dice, int(price)),
            low_stock_at=dice.choice((5, 8, 10)),
            is_prescription_only=mark == "x",
            created_at=began,
        )
        made.medicines.append(medicine)
        _price(made, dice, medicine, began, now)
        _fill(made, dice, clinic, medicine, now)
    return made


def _near(dice: Dice, price: int) -> Decimal:
    """Within a tenth of `price`, in fives: no two pharmacies ask the same."""
    return Decimal(max(5, round(price * dice.uniform(0.92, 1.08) / 5) * 5)).quantize(Decimal("0.01"))


def _price(made: Catalogue, dice: Dice, medicine: Medicine, began: datetime, now: datetime) -> None:
    first = medicine.price
    if medicine.generic_name in DEARER:
        first = medicine.price - 10
        raised = now - timedelta(days=dice.randint(20, 90))
        made.prices.append(
            PriceChange(id=dice.id(), medicine=medicine, old_price=first, new_price=medicine.price, changed_at=raised)
        )
    made.prices.append(PriceChange(id=dice.id(), medicine=medicine, new_price=first, changed_at=began))


def _fill(made: Catalogue, dice: Dice, clinic: Clinic, medicine: Medicine, now: datetime) -> None:
    today = now.astimezone(clinic.policy.tz).date()
    received = now - timedelta(days=dice.randint(10, 150))
    if medicine.generic_name == EXPIRED:
        old = _receive(made, dice, medicine, 4, now - timedelta(days=190), today - timedelta(days=12))
        _take(made, dice, old, 4, MovementKind.EXPIRED, now - timedelta(days=11))
        old.set_aside_at = now - timedelta(days=11)
    if medicine.generic_name == NEARLY_EXPIRED:
        _receive(made, dice, medicine, 6, received, today + timedelta(days=34))
    if medicine.generic_name == SOLD_OUT:
        gone = _receive(made, dice, medicine, 6, received, today + timedelta(days=300))
        _take(made, dice, gone, 6, MovementKind.WRITTEN_OFF, now - timedelta(days=3), "Recalled by the maker")
        return
    if medicine.generic_name in LOW:
        _receive(made, dice, medicine, dice.randint(2, 4), received, today + timedelta(days=dice.randint(200, 500)))
        return
    for _ in range(dice.choice((1, 1, 2))):
        expires = today + timedelta(days=dice.randint(150, 900))
        _receive(made, dice, medicine, dice.randint(20, 60), received, expires)


def _receive(made: Catalogue, dice: Dice, medicine: Medicine, packs: int, at: datetime, expires: date) -> MedicineBatch:
    batch = MedicineBatch(
        id=dice.id(),
        medicine=medicine,
        number=f"{dice.choice('ABCDEFGHKLMNPRSTUV')}{dice.randint(10_000, 99_999)}",
        expires_on=expires,
        on_hand=0,
        received_at=at,
    )
    made.batches.append(batch)
    _move(made, dice, batch, packs, MovementKind.RECEIVED, at)
    return batch


def _take(
    made: Catalogue, dice: Dice, batch: MedicineBatch, packs: int, kind: str, at: datetime, reason: str = ""
) -> None:
    _move(made, dice, batch, -packs, kind, at, reason)


def _move(
    made: Catalogue, dice: Dice, batch: MedicineBatch, change: int, kind: str, at: datetime, reason: str = ""
) -> None:
    batch.on_hand += change
    batch.medicine.stock += change
    made.movements.append(
        StockMovement(
            id=dice.id(),
            medicine=batch.medicine,
            batch=batch,
            kind=kind,
            change=change,
            shelf_change=change,
            reason=reason,
            made_at=at,
        )
    )
