"""Colours of figures, and how well they are told from a page."""

#: After Okabe & Ito (2008): told apart with any colour vision, and seen on both pages.
BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#C0609A", "#6E6E6E"
CYCLE = (BLUE, ORANGE, GREEN, PINK)
#: The grounds of a page, light and dark, and the contrast that WCAG 1.4.11 asks of a drawing.
PAGES, CONTRAST = ("#ffffff", "#17171c"), 3.0


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (#rrggbb), from 1 to 21, as WCAG defines it."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
