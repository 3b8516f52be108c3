"""Charts as SVG, by hand: bars on a logarithmic scale, and lines. No network, no library."""

import html
import math

OURS, PEER, GRID, TEXT = "#0b6e99", "#b0b0b0", "#dddddd", "#333333"
COLOURS = (OURS, "#d9822b", "#5c9e31", "#8250c4")
WIDTH, BAR, LABEL = 760, 15, 230


def text(x, y, words, anchor="start", size=12, colour=TEXT):
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" '
            f'fill="{colour}">{html.escape(words)}</text>')


def rectangle(x, y, width, height, colour):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height:.1f}" fill="{colour}"/>'


def line(x1, y1, x2, y2, colour=GRID):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def picture(height, title, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
            f'height="{height:.0f}" font-family="sans-serif" role="img">'
            f'<title>{html.escape(title)}</title><rect width="100%" height="100%" fill="white"/>'
            + text(10, 20, title, size=15) + "".join(parts) + "</svg>\n")


def short(number):
    """Three digits and a unit of thousands."""
    for size, unit in ((1e6, "M"), (1e4, "k")):
        if abs(number) >= size:
            return f"{number / (1e3 if unit == 'k' else 1e6):.3g}{unit}"
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def decades(least, most):
    """From the power of ten below the least to the one above the most."""
    low, high = math.floor(math.log10(least)), math.ceil(math.log10(most))
    return low, max(high, low + 1)


def bars(title, rows):
    """`rows`: (label, ours, the peer's or None), all above 0; on a logarithmic scale."""
    rows = [row for row in rows if row[1] and row[1] > 0]
    if not rows:
        return None
    values = [value for _, *both in rows for value in both if value]
    low, high = decades(min(values), max(values))
    room = WIDTH - LABEL - 70

    def width(value):
        return room * (math.log10(value) - low) / (high - low)

    top, step = 50, 2 * BAR + 12
    bottom = top + step * len(rows)
    parts = []
    for power in range(low, high + 1):
        x = LABEL + room * (power - low) / (high - low)
        parts += [line(x, top - 8, x, bottom), text(x, bottom + 14, short(10 ** power), "middle", 10)]
    for number, (label, ours, peer) in enumerate(rows):
        y = top + number * step
        parts.append(text(LABEL - 8, y + BAR + 3, label, "end"))
        for at, value, colour in ((y, ours, OURS), (y + BAR, peer, PEER)):
            if value:
                parts += [rectangle(LABEL, at, width(value), BAR - 1, colour),
                          text(LABEL + width(value) + 5, at + BAR - 4, short(value), size=11)]
    parts += [rectangle(10, bottom + 22, 12, 12, OURS), text(27, bottom + 32, "Posthaste"),
              rectangle(110, bottom + 22, 12, 12, PEER), text(127, bottom + 32, "opentelemetry-cpp")]
    return picture(bottom + 45, title, parts)


def lines(title, across, series):
    """`series`: name -> [(x, y)]; x are steps of equal width, y begins at 0."""
    series = {name: points for name, points in series.items() if points}
    if not series:
        return None
    steps = sorted({x for points in series.values() for x, _ in points})
    most = max(y for points in series.values() for _, y in points) or 1
    left, top, room, height = 70, 45, WIDTH - 240, 200
    place = {x: left + room * (number + 0.5) / len(steps) for number, x in enumerate(steps)}
    parts = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = top + height * (1 - share)
        parts += [line(left, y, left + room, y), text(left - 6, y + 4, short(most * share), "end", 11)]
    parts += [text(place[x], top + height + 16, short(x), "middle", 11) for x in steps]
    parts.append(text(left + room / 2, top + height + 34, across, "middle"))
    for number, (name, points) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        spots = [(place[x], top + height * (1 - y / most)) for x, y in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in spots]
        parts += [rectangle(left + room + 15, top + 20 * number, 12, 12, colour),
                  text(left + room + 32, top + 20 * number + 11, name)]
    return picture(top + height + 45, title, parts)
