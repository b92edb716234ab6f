"""Tidy table to Axes; never computes."""

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes

# Okabe & Ito (2008): told apart by readers with any colour vision.
BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#6E6E6E"


def estimates(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw one line per row: estimate and interval (columns label, estimate, ci_low, ci_high)."""
    ax = ax or plt.subplots(figsize=(7, 0.9 + 0.45 * len(table)), layout="constrained")[1]
    rows = range(len(table))[::-1]
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.hlines(rows, table["ci_low"], table["ci_high"], color=BLUE, linewidth=2)
    ax.plot(table["estimate"], rows, "o", color=BLUE)
    ax.set_yticks(list(rows), table["label"])
    ax.set_xlabel("Effet et intervalle à 95 %")
    ax.spines[["top", "right", "left"]].set_visible(False)
    return ax


def event_study(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw effects by year from the opening (columns rel_time, estimate, ci_*, maybe band_*)."""
    ax = ax or plt.subplots(figsize=(7, 4), layout="constrained")[1]
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.axvline(-0.5, color=GREY, linewidth=0.8, linestyle=":")
    if "band_low" in table and table["band_low"].notna().any():
        ax.fill_between(
            table["rel_time"], table["band_low"], table["band_high"],
            color=BLUE, alpha=0.15, linewidth=0, label="Bande simultanée à 95 %",
        )  # fmt: skip
    for before, colour, marker in ((True, ORANGE, "s"), (False, BLUE, "o")):
        part = table[(table["rel_time"] < 0) == before]
        ax.vlines(part["rel_time"], part["ci_low"], part["ci_high"], color=colour, linewidth=2)
        label = "Avant l'ouverture" if before else "Après l'ouverture"
        ax.plot(part["rel_time"], part["estimate"], marker, color=colour, label=label)
    ax.set_xlabel("Années depuis la première rentrée où l'effet est possible")
    ax.set_ylabel("Effet et intervalle à 95 %")
    ax.legend(frameon=False)
    ax.spines[["top", "right"]].set_visible(False)
    return ax
