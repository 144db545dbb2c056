"""The pictures over the demo's articles: calm shapes in the house's own colours, the same for the same words.

Each is a motif (`heart`, `moon` …) before two or three hills and a disc; the topic decides where they stand.
"""

import math
import random
from collections.abc import Callable, Iterable
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw

SIZE = (1600, 900)
# Drawn so much larger and made smaller: edges are smooth.
FINE = 2
Point = tuple[float, float]
Colour = tuple[int, int, int]


def _rgb(text: str) -> Colour:
    return int(text[0:2], 16), int(text[2:4], 16), int(text[4:6], 16)


# Ground, far hill, near hill, disc, motif, its light: the tokens of the light look, and tones between them.
PALETTES = [
    tuple(map(_rgb, palette.split()))
    for palette in (
        "e2f0ee b9dcd7 7fbdb6 fbeadf 0b6b6b fbfaf7",
        "fbeadf f3cdb4 dd9a70 fbf0d6 8f3e0e fbfaf7",
        "e3f3ea b8dfc8 7dbb97 fbf0d6 1a6e44 fbfaf7",
        "fbf0d6 f0d79b d4ab55 fbeadf 7d5200 fbfaf7",
        "dfe6ea b3c3cd 7f97a6 f3f1eb 0f1f2e e2f0ee",
        "f3f1eb dcd5c4 b7ab90 e2f0ee 084f50 fbeadf",
    )
]
TEAL, CLAY, GREEN, AMBER, SLATE, SAND = range(6)
FITTING = {
    "heart": (CLAY,),
    "drop": (TEAL, SLATE),
    "leaf": (GREEN, AMBER),
    "lungs": (SLATE, TEAL),
    "sun": (AMBER, CLAY),
    "runner": (GREEN,),
    "shield": (GREEN, TEAL, SLATE),
    "mother": (TEAL, CLAY),
    "capsule": (CLAY, SLATE),
    "mosquito": (SAND,),
}
NIGHT = tuple(map(_rgb, "16303c 1f4552 2d6470 1a3845 fbf0d6 e7bd66".split()))


@cache
def drawn(motif: str, topic: str) -> bytes:
    """A PNG of SIZE."""
    chance = random.Random(f"{motif} {topic}")
    palette = NIGHT if motif == "moon" else PALETTES[chance.choice(FITTING.get(motif, (TEAL, AMBER)))]
    canvas = Canvas(palette)
    canvas.landscape(chance)
    MOTIFS.get(motif, _leaf)(canvas, chance)
    return canvas.png()


class Canvas:
    """Lengths are in the finished picture's pixels, angles in degrees."""

    def __init__(self, palette: tuple[Colour, ...]) -> None:
        self.ground, self.far, self.near, self.disc, self.ink, self.light = palette
        self.image = Image.new("RGB", (SIZE[0] * FINE, SIZE[1] * FINE), self.ground)
        self.draw = ImageDraw.Draw(self.image, "RGBA")

    def shape(self, points: Iterable[Point], colour: Colour, alpha: float = 1.0) -> None:
        self.draw.polygon([(x * FINE, y * FINE) for x, y in points], fill=(*colour, round(alpha * 255)))

    def circle(self, x: float, y: float, r: float, colour: Colour, alpha: float = 1.0) -> None:
        box = [(x - r) * FINE, (y - r) * FINE, (x + r) * FINE, (y + r) * FINE]
        self.draw.ellipse(box, fill=(*colour, round(alpha * 255)))

    def ring(self, x: float, y: float, r: float, width: float, colour: Colour, alpha: float = 1.0) -> None:
        self.arc(x, y, r, 0, 360, width, colour, alpha)

    def arc(
        self, x: float, y: float, r: float, start: float, end: float, width: float, colour: Colour, alpha: float = 1.0
    ) -> None:
        box = [(x - r) * FINE, (y - r) * FINE, (x + r) * FINE, (y + r) * FINE]
        self.draw.arc(box, start, end, fill=(*colour, round(alpha * 255)), width=round(width * FINE))

    def line(self, points: Iterable[Point], width: float, colour: Colour, alpha: float = 1.0) -> None:
        """With round ends."""
        path = [(x * FINE, y * FINE) for x, y in points]
        fill = (*colour, round(alpha * 255))
        self.draw.line(path, fill=fill, width=round(width * FINE), joint="curve")
        if alpha == 1.0:
            for x, y in (path[0], path[-1]):
                r = width * FINE / 2
                self.draw.ellipse([x - r, y - r, x + r, y + r], fill=fill)

    def landscape(self, chance: random.Random) -> None:
        width, height = SIZE
        side = chance.choice((0.22, 0.78))
        self.circle(width * side, height * chance.uniform(0.26, 0.36), chance.uniform(170, 230), self.disc)
        for base, swing, colour, alpha in (
            (0.66, 70, self.far, 0.75),
            (0.78, 60, self.far, 1.0),
            (0.89, 46, self.near, 1.0),
        ):
            turn, wave = chance.uniform(0, math.tau), chance.uniform(0.75, 1.35)
            hill = [
                (x, height * base + swing * math.sin(turn + wave * math.tau * x / width))
                for x in range(0, width + 9, 8)
            ]
            self.shape([(0, height), *hill, (width, height)], colour, alpha)

    def png(self) -> bytes:
        kept = BytesIO()
        self.image.resize(SIZE, Image.Resampling.LANCZOS).save(kept, "PNG", compress_level=1)
        return kept.getvalue()


def _turned(points: Iterable[Point], x: float, y: float, angle: float = 0.0, scale: float = 1.0) -> list[Point]:
    """Around the origin by `angle`, made `scale` times as large, then moved to (x, y)."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return [(x + scale * (px * cos - py * sin), y + scale * (px * sin + py * cos)) for px, py in points]


def _curve(function: Callable[[float], Point], steps: int = 240) -> list[Point]:
    return [function(math.tau * step / steps) for step in range(steps)]


def _drop_shape() -> list[Point]:
    """A drop of height 2 that hangs from (0, -1)."""
    return _curve(lambda t: (0.95 * math.sin(t) * math.sin(t / 2) ** 1.6, -math.cos(t)))


def _heart_shape() -> list[Point]:
    return _curve(
        lambda t: (
            math.sin(t) ** 3,
            -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 16,
        )
    )


def _leaf_shape(belly: float = 0.42) -> list[Point]:
    """A leaf from (0, 1) to (0, -1)."""
    there = [(belly * math.sin(math.pi * n / 60) ** 1.2, 1 - 2 * n / 60) for n in range(61)]
    return there + [(-x, y) for x, y in reversed(there)]


def _leaf(canvas: Canvas, chance: random.Random) -> None:
    x, foot = 800 + chance.uniform(-60, 60), 745
    canvas.line([(x, foot), (x, 290)], 14, canvas.ink)
    for height, length in ((640, 150), (530, 140), (420, 118)):
        for side in (-1, 1):
            angle = side * 52
            middle = (x + side * length * 0.79, height - length * 0.62)
            canvas.shape(_turned(_leaf_shape(), *middle, angle, length), canvas.ink, 0.92 if side < 0 else 0.78)
    canvas.shape(_turned(_leaf_shape(), x, 230, 0, 112), canvas.ink)


def _drop(canvas: Canvas, chance: random.Random) -> None:
    x = 800 + chance.uniform(-80, 80)
    for offset, scale, alpha in ((-250, 118, 0.45), (245, 92, 0.4)):
        canvas.shape(_turned(_drop_shape(), x + offset, 470, 0, scale), canvas.ink, alpha)
    canvas.shape(_turned(_drop_shape(), x, 430, 0, 235), canvas.ink)
    canvas.arc(x, 500, 128, 95, 172, 20, canvas.light, 0.85)


def _heart(canvas: Canvas, chance: random.Random) -> None:
    canvas.shape(_turned(_heart_shape(), 800, 440, 0, 270), canvas.ink)
    beat = [(380, 450), (640, 450), (690, 450), (725, 355), (785, 560), (835, 410), (865, 450), (1220, 450)]
    canvas.line(beat, 15, canvas.light)


def _lungs(canvas: Canvas, chance: random.Random) -> None:
    canvas.line([(800, 175), (800, 390)], 34, canvas.ink)
    for side in (-1, 1):
        lobe = _turned([(px * 0.92, py) for px, py in _drop_shape()], 800 + side * 165, 470, -side * 15, 240)
        canvas.shape(lobe, canvas.ink, 0.94)
        canvas.line([(800, 375), (800 + side * 80, 430), (800 + side * 165, 545)], 13, canvas.light)
        canvas.line([(800 + side * 92, 442), (800 + side * 190, 455)], 11, canvas.light)
        canvas.line([(800 + side * 135, 505), (800 + side * 105, 575)], 11, canvas.light)


def _moon(canvas: Canvas, chance: random.Random) -> None:
    canvas.circle(800, 380, 215, canvas.ink)
    canvas.circle(895, 322, 190, canvas.ground)
    for _ in range(26):
        x, y = chance.uniform(80, 1520), chance.uniform(60, 520)
        if math.hypot(x - 800, y - 380) > 270:
            canvas.circle(x, y, chance.choice((4, 5, 8)), canvas.light, 0.9)


def _sun(canvas: Canvas, chance: random.Random) -> None:
    for ring, alpha in ((380, 0.18), (305, 0.3)):
        canvas.circle(800, 430, ring, canvas.disc, alpha + 0.3)
    canvas.circle(800, 430, 175, canvas.ink)
    for ray in range(16):
        angle = math.tau * ray / 16
        inner, outer = 220, 275 if ray % 2 else 305
        canvas.line([(800 + r * math.cos(angle), 430 + r * math.sin(angle)) for r in (inner, outer)], 15, canvas.ink)


def _net(canvas: Canvas, chance: random.Random) -> None:
    """A bed net: what keeps the mosquito away is the better picture of it."""
    top, foot, half = (800, 170), 735, 400

    def edge(share: float, down: float) -> Point:
        spread = half * (0.12 + 0.88 * down**0.62)
        return 800 + (2 * share - 1) * spread, top[1] + (foot - top[1]) * down

    outline = [edge(0, n / 40) for n in range(41)] + [edge(1, n / 40) for n in range(40, -1, -1)]
    canvas.shape(outline, canvas.light, 0.62)
    for share in range(11):
        canvas.line([edge(share / 10, n / 40) for n in range(41)], 5, canvas.ink, 0.55)
    for row in range(1, 9):
        sag = [edge(n / 40, row / 9 + 0.02 * math.sin(math.pi * n / 40)) for n in range(41)]
        canvas.line(sag, 4, canvas.ink, 0.4)
    canvas.line([(800, 60), top], 8, canvas.ink)
    canvas.ring(800, 172, 52, 11, canvas.ink)
    canvas.shape([(450, 690), (1150, 690), (1190, 760), (410, 760)], canvas.ink)
    canvas.shape([(480, 640), (690, 640), (690, 690), (470, 690)], canvas.disc)


def _mother(canvas: Canvas, chance: random.Random) -> None:
    """Two heads and an embrace."""
    mirrored = chance.choice((-1, 1))
    x = 800
    canvas.shape(_turned(_drop_shape(), x, 545, 0, 262), canvas.ink)
    canvas.circle(x - mirrored * 20, 262, 98, canvas.ink)
    canvas.circle(x + mirrored * 118, 470, 72, canvas.light)
    canvas.shape(_turned(_drop_shape(), x + mirrored * 74, 600, mirrored * 38, 132), canvas.light)
    ends = (20, 150) if mirrored > 0 else (30, 160)
    canvas.arc(x + mirrored * 34, 560, 205, *ends, 40, canvas.near)


def _runner(canvas: Canvas, chance: random.Random) -> None:
    canvas.circle(905, 205, 66, canvas.ink)
    canvas.line([(868, 300), (790, 500)], 74, canvas.ink)
    canvas.line([(862, 318), (985, 400), (1085, 352)], 34, canvas.ink)
    canvas.line([(850, 318), (716, 330), (650, 430)], 34, canvas.ink)
    canvas.line([(795, 500), (930, 575), (905, 735)], 42, canvas.ink)
    canvas.line([(785, 505), (690, 622), (540, 640)], 42, canvas.ink)
    for row, length in ((300, 190), (395, 260), (490, 170)):
        canvas.line([(560 - length, row), (540, row)], 11, canvas.light)


def _shield(canvas: Canvas, chance: random.Random) -> None:
    half = [(0, -1.0), (0.36, -0.86), (0.82, -0.78)]
    half += [(0.82 * math.cos(n / 40 * math.pi / 2) ** 0.75, -0.2 + 1.25 * (n / 40)) for n in range(41)]
    outline = half + [(-x, y) for x, y in reversed(half)]
    canvas.shape(_turned(outline, 800, 425, 0, 285), canvas.ink)
    canvas.shape(_turned(outline, 800, 425, 0, 238), canvas.light, 0.16)
    canvas.line([(690, 425), (772, 512), (925, 335)], 40, canvas.light)
    for offset in (-1, 1):
        canvas.shape(_turned(_leaf_shape(0.36), 800 + offset * 330, 610, offset * 38, 105), canvas.ink, 0.55)


def _capsule(canvas: Canvas, chance: random.Random) -> None:
    def pill(x: float, y: float, angle: float, scale: float, left: Colour, right: Colour) -> None:
        for side, colour in ((-1, left), (1, right)):
            half = [(0.0, -0.42)]
            half += [
                (side * (0.62 + 0.42 * math.sin(math.pi * n / 40)), -0.42 * math.cos(math.pi * n / 40))
                for n in range(41)
            ]
            canvas.shape(_turned([*half, (0.0, 0.42)], x, y, angle, scale), colour)
        shine = [(-0.6, -0.22), (-0.16, -0.22)]
        canvas.line(_turned(shine, x, y, angle, scale), scale * 0.07, canvas.light)

    pill(760, 430, -32, 270, canvas.ink, canvas.light)
    pill(1120, 590, 24, 130, canvas.near, canvas.light)
    for x, y, r in ((470, 610, 62), (1110, 300, 46), (505, 300, 34)):
        canvas.circle(x, y, r, canvas.ink, 0.82)
        canvas.line([(x - r * 0.55, y), (x + r * 0.55, y)], 7, canvas.light)


def _plate(canvas: Canvas, chance: random.Random) -> None:
    canvas.circle(800, 440, 300, canvas.light)
    canvas.ring(800, 440, 238, 6, canvas.near)
    for start, end, colour, alpha in (
        (180, 360, canvas.ink, 0.92),
        (0, 90, canvas.near, 1.0),
        (90, 180, canvas.far, 1.0),
    ):
        wedge = [
            (800 + 222 * math.cos(math.radians(a)), 440 + 222 * math.sin(math.radians(a)))
            for a in range(start, end + 1, 2)
        ]
        canvas.shape([(800, 440), *wedge], colour, alpha)


MOTIFS: dict[str, Callable[[Canvas, random.Random], None]] = {
    "leaf": _leaf,
    "drop": _drop,
    "heart": _heart,
    "lungs": _lungs,
    "moon": _moon,
    "sun": _sun,
    "mosquito": _net,
    "mother": _mother,
    "runner": _runner,
    "shield": _shield,
    "capsule": _capsule,
    "plate": _plate,
}
