"""Ways to misbehave, chosen per operation and counted."""

import threading
from dataclasses import asdict, dataclass
from typing import Any

OPERATIONS = ("initialize", "verify", "charge", "charge_status", "refund", "refund_fetch", "refund_list", "webhook")
ANSWERS = ("hang", "500", "trickle", "nonsense", "drop")
WEBHOOKS = ("lose", "duplicate", "delay", "reorder")
DEFAULT_SECONDS = {"hang": 30.0, "trickle": 15.0, "delay": 10.0, "reorder": 10.0}


@dataclass
class Fault:
    """`times` None means until cleared. `after`: the operation is carried out, only its answer is spoilt."""

    operation: str
    kind: str
    times: int | None = 1
    seconds: float = 0.0
    after: bool = False

    def __post_init__(self) -> None:
        known = WEBHOOKS if self.operation == "webhook" else ANSWERS
        if self.operation not in (*OPERATIONS, "any") or self.kind not in known:
            raise ValueError(f"Unknown fault {self.operation}/{self.kind}; operations {OPERATIONS}, kinds {known}.")
        self.seconds = self.seconds or DEFAULT_SECONDS.get(self.kind, 0.0)


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self.calls: dict[str, int] = {}

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            self.calls.clear()

    def next(self, operation: str) -> Fault | None:
        """The fault for this call, used up by one. Counts the call too."""
        with self._lock:
            self.calls[operation] = self.calls.get(operation, 0) + 1
            for fault in self._faults:
                if fault.operation == operation or (fault.operation == "any" and operation != "webhook"):
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self._faults.remove(fault)
                    return fault
        return None

    def state(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]
