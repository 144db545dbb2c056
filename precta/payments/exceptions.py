"""What can go wrong with money, in words."""


class PaymentError(Exception):
    """Base of everything below."""


class InvalidAmount(PaymentError, ValueError):
    """Not a positive amount of whole cents."""


class InvalidPhone(PaymentError, ValueError):
    """Not a Kenyan mobile number."""


class PaymentClosed(PaymentError):
    """This payment waits for no money any more."""


class HoldEnded(PaymentError):
    """What was to be paid for is not held any more."""


class TooManyAttempts(PaymentError):
    """As many requests for money went out for one thing as may."""


class NotRefundable(PaymentError):
    """No money of this payment is with us."""


class RefundTooLarge(PaymentError):
    """More than what is left of the payment."""


class ProviderError(PaymentError):
    """Base of what a call to the provider may raise."""


class ProviderUnavailable(ProviderError):
    """No usable answer: we do not know whether the provider did what we asked."""


class ProviderRefused(ProviderError):
    """The provider answered and did not do it. `message` is its own English sentence."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class DuplicateReference(ProviderRefused):
    """The reference went out before: ask what became of it before anything else."""


class UnknownTransaction(ProviderRefused):
    """The provider has never heard of this reference."""


class BadSignature(PaymentError):
    """A webhook that the provider did not send."""


class BadPayload(PaymentError):
    """A signed webhook that is not a JSON object."""
