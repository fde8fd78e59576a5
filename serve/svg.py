"""Plots as inline SVG: steps and lines on plain axes; the same figures give the same text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

_WIDTH, _HEIGHT = 340, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 12, 44
NOW, BEFORE = "now", "before"

Points = Sequence[tuple[float, float]]
Ticks = Sequence[tuple[float, str]]


def plot(
    title: str,
    across: tuple[str, Ticks],
    up: tuple[str, Ticks],
    series: Sequence[tuple[str, Points]],
    filled: bool = False,
) -> str:
    """Return a plot as a figure element.

    Parameters
    ----------
    across, up : what the axes tell, and their ticks, from the lowest to the highest value
    series : class (NOW or BEFORE) and points of each line
    filled : the area below lines is filled
    """
    x, y = _scale(across[1], _LEFT, _WIDTH - _RIGHT), _scale(up[1], _HEIGHT - _BOTTOM, _TOP)
    parts = [
        f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(at)}" y2="{y(at)}"/>'
        f'<text x="{_LEFT - 6}" y="{y(at)}" dy="4" text-anchor="end">{escape(text)}</text>'
        for at, text in up[1]
    ]
    base = _HEIGHT - _BOTTOM
    parts += [
        f'<text x="{x(at)}" y="{base + 16}" text-anchor="middle">{escape(text)}</text>'
        for at, text in across[1]
    ]
    for name, points in series:
        path = " ".join(f"{x(a)},{y(b)}" for a, b in points)
        if filled and points:
            area = f"{x(points[0][0])},{base} {path} {x(points[-1][0])},{base}"
            parts.append(f'<polygon class="{name}" points="{area}"/>')
        parts.append(f'<polyline class="{name}" points="{path}"/>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f'<text x="{middle:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(across[0])}</text>'
    )
    return (
        f"<figure><figcaption>{escape(title)}<small>{escape(up[0])}</small></figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"{''.join(parts)}</svg></figure>"
    )


def steps(edges: Sequence[float], heights: Sequence[float]) -> Points:
    """Return the outline of a histogram: one height between each two edges."""
    corners = [(edges[0], 0.0)]
    for left, right, height in zip(edges[:-1], edges[1:], heights, strict=True):
        corners += [(left, height), (right, height)]
    return [*corners, (edges[-1], 0.0)]


def _scale(ticks: Ticks, first: int, last: int) -> Callable[[float], str]:
    low, high = ticks[0][0], ticks[-1][0]
    span = high - low or 1.0

    def place(value: float) -> str:
        return f"{first + (last - first) * (value - low) / span:.1f}"

    return place
