"""Bar charts as numbers for an inline SVG: drawn on the server, without script and without inline style."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

WIDTH, HEIGHT = 720, 200
TOP, FLOOR = 12, 172
LEFT = 8
# More words than these run into each other on a phone.
MOST_LABELS = 8

Number = int | Decimal


@dataclass(frozen=True, slots=True)
class Bar:
    """Lengths in the units of the view box, 720 by 200; `words` is empty where there is no room for them."""

    label: str
    text: str
    x: str
    y: str
    width: str
    height: str
    middle: str
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    bars: tuple[Bar, ...]
    # What the line at the top stands for.
    most: str
    is_empty: bool


def bar_chart(title: str, points: Sequence[tuple[str, Number]], *, text: Callable[[Number], str] = str) -> Chart:
    """One bar for each (label, value); a value below zero is drawn as zero and told in the table beside it."""
    highest = max((value for _label, value in points), default=0)
    step = (WIDTH - 2 * LEFT) / max(len(points), 1)
    every = ceil(len(points) / MOST_LABELS) or 1
    bars = []
    for number, (label, value) in enumerate(points):
        height = float(max(value, 0)) / float(highest) * (FLOOR - TOP) if highest > 0 else 0.0
        x = LEFT + number * step
        bars.append(
            Bar(
                label=label,
                text=text(value),
                x=f"{x + step * 0.12:.1f}",
                y=f"{FLOOR - height:.1f}",
                width=f"{step * 0.76:.1f}",
                height=f"{height:.1f}",
                middle=f"{x + step / 2:.1f}",
                words=label if number % every == 0 else "",
            )
        )
    return Chart(title=title, bars=tuple(bars), most=text(highest), is_empty=highest <= 0)
