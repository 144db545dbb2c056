from pharmacy.models.medicine import (
    Medicine,
    MedicineBatch,
    MedicineForm,
    MovementKind,
    PriceChange,
    StockMovement,
)
from pharmacy.models.order import (
    OPEN_STATUSES,
    TRANSITIONS,
    Dispensing,
    Fulfilment,
    Order,
    OrderItem,
    OrderStatus,
    Substitution,
    SubstitutionStatus,
)
from pharmacy.models.prescription import Prescription, PrescriptionState, PrescriptionTemplate

__all__ = [
    "OPEN_STATUSES",
    "TRANSITIONS",
    "Dispensing",
    "Fulfilment",
    "Medicine",
    "MedicineBatch",
    "MedicineForm",
    "MovementKind",
    "Order",
    "OrderItem",
    "OrderStatus",
    "Prescription",
    "PrescriptionState",
    "PrescriptionTemplate",
    "PriceChange",
    "StockMovement",
    "Substitution",
    "SubstitutionStatus",
]
