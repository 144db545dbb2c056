"""Refusals in the provider's own shape."""

from typing import Any


class Refusal(Exception):
    """An answer of the 4xx kind."""

    def __init__(self, message: str, *, code: str = "invalid_params", status: int = 400, next_step: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {
            "status": False,
            "message": message,
            "meta": {"nextStep": next_step or "Ensure that the value(s) you're passing are valid."},
            "type": "validation_error",
            "code": code,
        }
