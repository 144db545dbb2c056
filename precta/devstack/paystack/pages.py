"""What a person sees of the stand-in: the hosted checkout and the prompts on phones. Plain HTML, no script."""

from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from .ledger import MAGIC_PHONES, REASONS, WAITING
from .store import now

STYLE = Path(__file__).with_name("style.css").read_text()


def money(row: dict[str, Any]) -> str:
    whole, rest = divmod(row["amount"], 100)
    return f"{row['currency']} {whole:,}" + (f".{rest:02d}" if rest else "")


def page(title: str, body: str, *, narrow: bool = False, refresh: int | None = None) -> str:
    again = f'<meta http-equiv="refresh" content="{refresh}">' if refresh else ""
    kind = ' class="narrow"' if narrow else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{again}<title>{escape(title)}</title>'
        f'<link rel="stylesheet" href="/style.css"></head><body><main{kind}>{body}</main></body></html>'
    )


def index() -> str:
    body = (
        '<div class="card"><h1>Payments stand-in</h1><p class="soft">It answers as Paystack would. No money moves.</p>'
        '<form action="/mpesa/"><button class="go">Phones with an M-Pesa prompt</button></form>'
        '<p class="soft">Machines: <a href="/_ledger">/_ledger</a>, <a href="/_control">/_control</a></p></div>'
    )
    return page("Payments stand-in", body)


def checkout(row: dict[str, Any]) -> str:
    if row["status"] not in WAITING:
        outcome = "This payment has been made." if row["status"] != "failed" else "This payment was declined."
        target = escape(return_address(row) or "/", quote=True)
        body = (
            f'<div class="card"><h1>{outcome}</h1><p class="amount">{money(row)}</p>'
            f'<p><a class="button" href="{target}">Return to the merchant</a></p></div>'
        )
        return page("Checkout", body, narrow=True)
    body = (
        '<div class="card"><p class="soft">Precta · test payment</p>'
        f'<h1>Pay by card</h1><p class="amount">{money(row)}</p>'
        f'<p class="soft">{escape(row["email"])}<br>Reference {escape(row["reference"])}</p>'
        '<p class="soft">Card 4084 08•• •••• 4081. Choose what the bank answers:</p>'
        '<form method="post">'
        f'<button class="go" name="action" value="pay">Pay {money(row)}</button>'
        '<button class="stop" name="action" value="decline">Decline the card</button>'
        '<button name="action" value="abandon">Leave without paying</button>'
        "</form></div>"
        '<p class="soft">A stand-in for the hosted checkout: no money moves.</p>'
    )
    return page("Checkout", body, narrow=True)


def missing() -> str:
    return page("Not found", '<div class="card"><h1>There is no such page or payment.</h1></div>', narrow=True)


def prompts(rows: list[dict[str, Any]]) -> str:
    waiting = [row for row in rows if row["status"] == "pending"]
    cards = "".join(_prompt(row) for row in waiting)
    if not waiting:
        cards = '<div class="card"><p>No phone is waiting. Start a payment by M-Pesa and look here again.</p></div>'
    past = "".join(
        f"<tr><td>{escape(row['phone'])}</td><td>{money(row)}</td><td>{row['status']}</td>"
        f"<td>{escape(row['message'])}</td></tr>"
        for row in rows
        if row["status"] != "pending"
    )
    history = (
        '<div class="card"><h2>Answered</h2><table><thead><tr><th>Phone</th><th>Amount</th><th>Status</th>'
        f"<th>Answer</th></tr></thead><tbody>{past}</tbody></table></div>"
        if past
        else ""
    )
    magic = "".join(
        f"<tr><td>…{ending}</td><td>{escape(text or REASONS[decision])}</td></tr>"
        for ending, (decision, _, text) in MAGIC_PHONES.items()
    )
    body = (
        "<h1>M-Pesa prompts</h1><p class='soft'>The phones of the demo. Each waiting payment asks for a PIN here; "
        f"after two minutes without an answer it times out. The page reloads by itself.</p>{cards}{history}"
        '<div class="card"><h2>Numbers that answer by themselves</h2><table>'
        f"<thead><tr><th>Ends in</th><th>Answer</th></tr></thead><tbody>{magic}</tbody></table></div>"
    )
    return page("M-Pesa prompts", body, refresh=3)


def _prompt(row: dict[str, Any]) -> str:
    age = int(now() - row["created_at"])
    asked = datetime.fromtimestamp(row["created_at"], UTC).strftime("%H:%M:%S UTC")
    reference = escape(row["reference"], quote=True)
    return (
        f'<div class="card" data-reference="{reference}"><h2>{escape(row["phone"])}</h2>'
        f'<p class="amount">{money(row)}</p><p class="soft">Do you want to pay Precta? Reference {reference}, '
        f'asked {asked}, {age} s ago</p><form method="post" action="/mpesa/">'
        f'<input type="hidden" name="reference" value="{reference}">'
        '<button class="go" name="action" value="approve">Enter PIN and pay</button>'
        '<button class="stop" name="action" value="refuse">Refuse</button>'
        '<button name="action" value="time_out">Let it time out</button></form></div>'
    )


def return_address(row: dict[str, Any]) -> str:
    """The merchant's address with the two parameters the provider adds."""
    if not row["callback_url"]:
        return ""
    parts = urlsplit(row["callback_url"])
    added = urlencode({"trxref": row["reference"], "reference": row["reference"]})
    return urlunsplit(parts._replace(query=f"{parts.query}&{added}" if parts.query else added))


def security_policy(row: dict[str, Any] | None = None) -> str:
    """A form's target includes wherever it is redirected to, hence the merchant's origin."""
    merchant = ""
    if row and row["callback_url"]:
        parts = urlsplit(row["callback_url"])
        merchant = f" {parts.scheme}://{parts.netloc}"
    return (
        f"default-src 'none'; style-src 'self'; form-action 'self'{merchant}; base-uri 'none'; frame-ancestors 'none'"
    )
