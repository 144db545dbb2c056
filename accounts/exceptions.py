"""What can go wrong with people."""


class CannotSuspendYourself(ValueError):
    """An admin who suspends the own account could not take it back."""


class NotAChild(ValueError):
    """The birth date says that this person is of age, or not born yet."""


class TooManyChildren(ValueError):
    """A guardian has more children than one family has: staff must look at it."""


class TooManyCodes(ValueError):
    """The phone or the network has been sent as many codes as it gets for now. `retry_after` is seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("too many codes")
        self.retry_after = retry_after
