"""What can go wrong with people."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.models import Patient


class CannotSuspendYourself(ValueError):
    """An admin who suspends the own account could not take it back."""


class CannotResetYourself(ValueError):
    """An admin's own factor is reset by another admin: else a borrowed screen would do."""


class NotAChild(ValueError):
    """The birth date says that this person is of age, or not born yet."""


class TooManyChildren(ValueError):
    """A guardian has more children than one family has: staff must look at it."""


class TooManyCodes(ValueError):
    """The phone or the network has been sent as many codes as it gets for now. `retry_after` is seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many codes")
        self.retry_after = retry_after


class HasCareOfTheirOwn(ValueError):
    """The account has visits or children as a patient; a doctor's account books none."""


class NotOpenToThem(ValueError):
    """A platform admin cannot be a doctor: who verifies doctors is none of them."""


class ApplicationLocked(ValueError):
    """The application was sent and waits for its decision: what it proves stands as it is."""


class SubmittedAlready(ApplicationLocked):
    """The same application was sent a moment ago."""


class ApplicationIncomplete(ValueError):
    """`missing` names what is not there yet."""

    def __init__(self, missing: list) -> None:
        super().__init__("incomplete")
        self.missing = missing


class TooManyPapers(ValueError):
    """More files than any doctor has papers."""


class SamePaper(ValueError):
    """This very file was brought before."""


class HasAClinic(ValueError):
    """A doctor works at one clinic."""


class ClinicNotOpen(ValueError):
    """The clinic takes nobody in now."""


class AnsweredAlready(ValueError):
    """Somebody else answered, or the doctor withdrew."""


class DecidedAlready(ValueError):
    """Somebody else decided a moment ago."""


class PapersUndecided(ValueError):
    """A doctor is verified when all that has to be proved is proved. `missing` are credential types."""

    def __init__(self, missing: list) -> None:
        super().__init__("papers undecided")
        self.missing = missing


class PossibleTwin(ValueError):
    """The clinic has patients who may be the same person. `twins` are they."""

    def __init__(self, twins: "Sequence[Patient]") -> None:
        super().__init__(f"{len(twins)} possible twins")
        self.twins = list(twins)


class NotWithdrawable(ValueError):
    """The terms of an account are not taken back by themselves: they end with the account."""


class NotClaimable(ValueError):
    """The account cannot be taken over with this phone: it has an e-mail of its own, or was never to be claimed."""
