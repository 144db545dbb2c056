"""The four clinics of the demo."""

from dataclasses import dataclass, field
from typing import Any

WEEKDAYS = {str(day): [["08:00", "18:00"]] for day in range(1, 6)}


@dataclass(frozen=True, slots=True)
class DemoClinic:
    slug: str
    name: str
    city: str
    region: str
    address: str
    phone: str
    description: str
    hours: dict[str, list[list[str]]]
    doctors: int
    languages: tuple[str, ...]
    suspended: bool = False
    settings: dict[str, Any] = field(default_factory=dict)


CLINICS = (
    DemoClinic(
        "uzima",
        "Uzima Clinic",
        "Nairobi",
        "Nairobi",
        "Rhapta Road 14, Westlands",
        "+254700100201",
        "A group practice for the whole family in Westlands: general medicine, children, women's health and a dozen "
        "specialists under one roof, with a laboratory and a pharmacy on the ground floor.",
        WEEKDAYS | {"6": [["08:00", "14:00"]]},
        32,
        ("ki", "luo", "kam", "kln", "luy", "so"),
        settings={"buffer_minutes": 0, "lead_time_minutes": 60},
    ),
    DemoClinic(
        "pwani",
        "Pwani Family Health",
        "Mombasa",
        "Mombasa",
        "Links Road, Nyali",
        "+254700100202",
        "Family doctors, dentists and specialists ten minutes from the Nyali bridge. Walk in with a child's fever or "
        "come for a planned check; evening video calls six days a week.",
        WEEKDAYS | {"6": [["09:00", "15:00"]]},
        14,
        ("nyf", "ar", "kam", "so"),
        settings={
            "buffer_minutes": 5,
            "refund_steps": [
                {"hours_before": 12, "percent": 100},
                {"hours_before": 3, "percent": 50},
            ],
        },
    ),
    DemoClinic(
        "ziwa",
        "Ziwa Medical Centre",
        "Kisumu",
        "Kisumu",
        "Achieng Oneko Road, Milimani",
        "+254700100203",
        "A medical centre by the lake with day surgery, maternity care and outpatient specialists for Kisumu and the "
        "counties around the gulf.",
        WEEKDAYS | {"6": [["08:00", "13:00"]], "0": [["10:00", "13:00"]]},
        12,
        ("luo", "luy", "guz"),
        settings={"hold_minutes": 20},
    ),
    DemoClinic(
        "bonde",
        "Bonde Specialists",
        "Nakuru",
        "Nakuru",
        "Oginga Odinga Road, Nakuru",
        "+254700100204",
        "Visiting specialists for the Rift Valley.",
        WEEKDAYS,
        6,
        ("ki", "kln"),
        suspended=True,
    ),
)
