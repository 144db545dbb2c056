"""Kenyan mobile numbers as M-Pesa wants them."""

import phonenumbers

from precta.payments.exceptions import InvalidPhone

_MOBILE = {
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
}


def mpesa_phone(typed: str) -> str:
    """`0712 345678`, `254712345678` or `+254712345678` → `+254712345678`. Raises InvalidPhone."""
    try:
        number = phonenumbers.parse(str(typed)[:30], "KE")
    except phonenumbers.NumberParseException as error:
        raise InvalidPhone from error
    valid = number.country_code == 254 and phonenumbers.is_valid_number(number)
    if not valid or phonenumbers.number_type(number) not in _MOBILE:
        raise InvalidPhone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def mask_phone(phone: str) -> str:
    """`+254712345678` → `+254 7•• ••• 678`, for pages and logs."""
    return f"{phone[:4]} {phone[4:5]}•• ••• {phone[-3:]}" if len(phone) > 8 else "•••"
