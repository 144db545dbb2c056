"""Tags of the look: icons, menus, statuses. Loaded everywhere as template builtins."""

from django import template
from django.core.paginator import Page
from django.template.base import FilterExpression, Node, NodeList, Parser, TextNode, Token
from django.template.context import Context
from django.utils.safestring import SafeString

from precta import icons, navigation

register = template.Library()


class IconNode(Node):
    def __init__(self, arguments: list[FilterExpression]) -> None:
        self.arguments = arguments

    def render(self, context: Context) -> SafeString:
        return icons.icon(*(str(argument.resolve(context)) for argument in self.arguments))


@register.tag
def icon(parser: Parser, token: Token) -> Node:
    """`{% icon "map-pin" %}` or `{% icon "chevron-left" "flip" %}` with a class.

    Told only literals it is drawn when the template is compiled, and rendering costs nothing.
    """
    bits = token.split_contents()[1:]
    if not bits:
        raise template.TemplateSyntaxError("icon needs the name of an icon")
    if all(bit[0] in "\"'" and bit[-1] == bit[0] for bit in bits):
        return TextNode(icons.icon(*(bit[1:-1] for bit in bits)))
    return IconNode([parser.compile_filter(bit) for bit in bits])


@register.simple_tag(takes_context=True)
def menu(context: Context, name: str) -> tuple[navigation.Link, ...]:
    """`{% menu "clinic" as links %}`: the entries of a menu for this request; none where there is no request."""
    request = context.get("request")
    return navigation.menu(request, name) if request is not None else ()


@register.simple_tag(takes_context=True)
def address(context: Context, host: navigation.Host, name: str, *, absolute: bool = False) -> str:
    """`{% address "platform" "notifications:inbox" as url %}`: empty when that page is not installed."""
    request = context.get("request")
    return navigation.address(request, host, name, absolute=absolute) if request is not None else ""


class SteadyNode(Node):
    """Keeps what its body rendered to, for each language, host and page."""

    KEEP = 512

    def __init__(self, nodelist: NodeList) -> None:
        self.nodelist = nodelist
        self.rendered: dict[tuple[object, ...], SafeString] = {}

    def render(self, context: Context) -> SafeString:
        key = navigation.place(context.get("request"))
        html = self.rendered.get(key)
        if html is None:
            if len(self.rendered) >= self.KEEP:
                self.rendered.clear()
            html = self.rendered[key] = self.nodelist.render(context)
        return html


@register.tag
def steady(parser: Parser, token: Token) -> SteadyNode:
    """`{% steady %}…{% endsteady %}`: what is the same for everybody who opens this page on this host in this language.

    Bars, menus and foot are most of a page's tags; nothing about the person, no form and no block may stand inside.
    """
    body = parser.parse(("endsteady",))
    parser.delete_first_token()
    return SteadyNode(body)


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
    "waiting": ("warn", "hourglass"),
    "creating": ("brand", "activity"),
    "done": ("ok", "check"),
    "refused": ("", "undo-2"),
    "queued": ("warn", "hourglass"),
    "failed": ("bad", "x"),
    "refunded": ("", "undo-2"),
    "processed": ("ok", "undo-2"),
    "verified": ("ok", "shield-check"),
    "rejected": ("bad", "x"),
    "active": ("ok", "check"),
    "suspended": ("bad", "pause"),
    "expired": ("warn", "clock-alert"),
    "replaced": ("bad", "file-x"),
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
