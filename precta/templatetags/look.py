"""Tags of the look: icons, menus, statuses. Loaded everywhere as template builtins."""

from collections.abc import Callable

from django import template
from django.core.paginator import Page
from django.template.base import FilterExpression, Node, NodeList, Parser, TextNode, Token
from django.template.context import Context
from django.utils.safestring import SafeString

from precta import icons, navigation

register = template.Library()


class IconNode(Node):
    def __init__(self, make: Callable[..., SafeString], arguments: list[FilterExpression]) -> None:
        self.make = make
        self.arguments = arguments

    def render(self, context: Context) -> SafeString:
        return self.make(*(str(argument.resolve(context)) for argument in self.arguments))


def _icon_tag(make: Callable[..., SafeString]) -> Callable[[Parser, Token], Node]:
    """A tag that is drawn when the template is compiled if it is told only literals: rendering then costs nothing."""

    def compile_tag(parser: Parser, token: Token) -> Node:
        bits = token.split_contents()[1:]
        if not bits:
            raise template.TemplateSyntaxError(f"{token.contents.split()[0]} needs the name of an icon")
        if all(bit[0] in "\"'" and bit[-1] == bit[0] for bit in bits):
            return TextNode(make(*(bit[1:-1] for bit in bits)))
        return IconNode(make, [parser.compile_filter(bit) for bit in bits])

    return compile_tag


register.tag("icon", _icon_tag(icons.icon))
register.tag("icon_symbols", _icon_tag(icons.icon_symbols))
register.tag("icon_ref", _icon_tag(icons.icon_ref))


@register.simple_tag(takes_context=True)
def menu(context: Context, name: str) -> list[navigation.Link]:
    """`{% menu "clinic" as links %}`: the entries of a menu for this request; none where there is no request."""
    request = context.get("request")
    return navigation.menu(request, name) if request is not None else []


@register.simple_tag(takes_context=True)
def address(context: Context, host: navigation.Host, name: str, *, absolute: bool = False) -> str:
    """`{% address "platform" "notifications:inbox" as url %}`: empty when that page is not installed."""
    request = context.get("request")
    if request is None:
        return ""
    return navigation.address(request, navigation.Entry("", "", host, name, ()), absolute=absolute)


# The tone and the icon of a status; its words are the model's own (`get_status_display`).
STATUS: dict[str, tuple[str, str]] = {
    "pending_payment": ("warn", "hourglass"),
    "confirmed": ("ok", "check"),
    "arrived": ("brand", "map-pin-check"),
    "in_progress": ("brand", "activity"),
    "completed": ("", "check-check"),
    "cancelled": ("bad", "x"),
    "no_show": ("bad", "user-x"),
    "pending": ("warn", "hourglass"),
    "queued": ("warn", "hourglass"),
    "failed": ("bad", "x"),
    "refunded": ("", "undo-2"),
    "processed": ("ok", "undo-2"),
    "verified": ("ok", "shield-check"),
    "rejected": ("bad", "x"),
    "active": ("ok", "check"),
    "suspended": ("bad", "pause"),
}
# What reads differently for money: a completed payment is good news, a completed visit is simply past.
MONEY_STATUS = STATUS | {"completed": ("ok", "check")}


@register.filter
def status_tone(status: str, of: str = "") -> str:
    """The badge's class: `<span class="badge {{ visit.status|status_tone }}">`, for money `|status_tone:"payment"`."""
    return (MONEY_STATUS if of == "payment" else STATUS).get(str(status), ("", ""))[0]


@register.filter
def status_icon(status: str, of: str = "") -> str:
    """The icon beside the words, so that colour never speaks alone."""
    return (MONEY_STATUS if of == "payment" else STATUS).get(str(status), ("", ""))[1]


@register.filter
def initials(name: object) -> str:
    """At most two letters for an avatar without a picture: "Dr Achieng Njoroge" gives "AN"."""
    plain = str(name or "").partition("@")[0].replace(".", " ")
    words = [word for word in plain.split() if word.lower() not in {"dr", "prof", "mr", "mrs", "ms"}]
    if not words:
        return "·"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.filter
def avatar_tone(name: object) -> str:
    """One of four quiet colours, always the same for one name."""
    return ("", "b", "c", "d")[sum(map(ord, str(name or ""))) % 4]


@register.filter
def message_tone(tags: str) -> str:
    """Django's message level as one of our tones."""
    for level, tone in (("error", "bad"), ("warning", "warn"), ("success", "ok")):
        if level in (tags or ""):
            return tone
    return ""


@register.filter
def tone_icon(tone: str) -> str:
    """The icon that belongs to a notice of that tone, so that colour never speaks alone."""
    return {"ok": "circle-check", "warn": "triangle-alert", "bad": "circle-alert"}.get(tone or "", "info")


class CaptureNode(Node):
    def __init__(self, name: str, body: NodeList) -> None:
        self.name = name
        self.body = body

    def render(self, context: Context) -> str:
        context[self.name] = self.body.render(context).strip()
        return ""


@register.tag
def capture(parser: Parser, token: Token) -> CaptureNode:
    """`{% capture word %}…{% endcapture %}` keeps what is inside for later use in the same template."""
    _tag, name = token.split_contents()
    body = parser.parse(("endcapture",))
    parser.delete_first_token()
    return CaptureNode(name, body)


@register.filter
def minutes(seconds: int | str | None) -> str:
    """Seconds as people read a clock that runs down: 41 gives "0:41"."""
    try:
        left = max(0, int(seconds or 0))
    except ValueError:
        return ""
    return f"{left // 60}:{left % 60:02d}"


@register.filter
def page_numbers(page: Page) -> list[int]:
    """The pages to offer around this one; 0 stands for a gap."""
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    return [number if isinstance(number, int) else 0 for number in numbers]
