"""Tidy table to Axes; never computes."""

import textwrap

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from fpi_eval.colours import BLUE, CYCLE, GREEN, GREY, ORANGE, PINK
from fpi_eval.language import _
from fpi_eval.rounding import rounded, step_of
from fpi_eval.text import capitale, formation, nombre, pourcent, signe

PALETTE = (*CYCLE, GREY)
LARGE = 10  # effects for 100 seats, not for one: no decimals, nor where all are whole
SMALL = 9  # points: 12 pixels, the least that a phone shows


def _percent(value: float, _: float) -> str:
    """Return where a tick is: with a decimal, if it is at 22.5 %."""
    return pourcent(value, 0 if abs(value - round(value, 2)) < 1e-9 else 1)


def estimates(
    table: pd.DataFrame, ax: Axes | None = None, *, xlabel: str = "Effet et intervalle à 95 %"
) -> Axes:
    """Draw one line per row: estimate and interval (columns label, estimate, ci_low, ci_high)."""
    ax = ax or plt.subplots(figsize=(7, 0.9 + 0.45 * len(table)), layout="constrained")[1]
    rows = range(len(table))[::-1]
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.hlines(rows, table["ci_low"], table["ci_high"], color=BLUE, linewidth=2)
    ax.plot(table["estimate"], rows, "o", color=BLUE)
    told = table["estimate"][np.isfinite(table["estimate"])]  # a range may be given alone
    digits = 0 if told.abs().max() >= LARGE or (told % 1 == 0).all() else 2
    for row, value in zip(rows, table["estimate"], strict=True):
        if np.isfinite(value):
            _beside(ax, signe(value, digits), (value, row), (0, 6), ha="center")
    ax.set_yticks(list(rows), table["label"])
    ax.set(xlabel=xlabel, ylim=(-0.6, len(table) - 0.4))
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return _plain(ax)


def event_study(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw effects by year from the opening (columns rel_time, estimate, ci_*, maybe band_*).

    The year before, when it has no effect of its own, is the reference: a hollow diamond.
    """
    ax = ax or plt.subplots(figsize=(7, 3.4), layout="constrained")[1]
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.axvline(-0.5, color=GREY, linewidth=0.8, linestyle=":")
    if "band_low" in table and table["band_low"].notna().any():
        _band(ax, table["rel_time"], table["band_low"], table["band_high"], 0.15)
    known = table[table["ci_low"].notna()]
    for before, colour, marker in ((True, ORANGE, "s"), (False, BLUE, "o")):
        part = known[(known["rel_time"] < 0) == before]
        ax.vlines(part["rel_time"], part["ci_low"], part["ci_high"], color=colour, linewidth=2)
        ax.plot(part["rel_time"], part["estimate"], marker, color=colour)
    for words, shift, side in (("Avant l'effet", -6, "right"), ("Effet possible", 6, "left")):
        ax.annotate(
            words,
            (-0.5, 1),
            xytext=(shift, 3),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha=side,
            va="bottom",
        )
    words = "Années depuis la première rentrée où l'effet est possible"
    if (known["rel_time"] < -1).any() and not known["rel_time"].eq(-1).any():
        ax.plot(-1, 0, "D", color=GREY, markerfacecolor="none")
        words += "\n(losange : année de référence)"
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel(words)
    ax.set_ylabel("Effet et intervalle à 95 %")
    return _plain(ax)


def _beside(ax: Axes, words: str, at, shift: tuple[float, float], **options) -> None:
    """Write small words a few points away from a place of the frame."""
    ax.annotate(words, at, xytext=shift, textcoords="offset points", fontsize=SMALL, **options)


def _band(ax: Axes, x: pd.Series, low: pd.Series, high: pd.Series, alpha: float) -> None:
    """Draw a light band between two edges dark enough to be seen by all."""
    ax.fill_between(x, low, high, color=BLUE, alpha=alpha, linewidth=0)
    for edge in (low, high):
        ax.plot(x, edge, color=BLUE, linewidth=0.8)


def _name_ends(ax: Axes, ends: list[tuple[float, float, str, str]]) -> None:
    """Write each line's name beside its end (x, y, words, colour), one above the other."""
    frame = ax.get_xlim()
    low, high = ax.get_ylim()
    free = low
    right = max(x for x, *_ in ends)
    names = right + 0.04 * (right - frame[0])
    for x, y, words, colour in sorted(ends, key=lambda end: end[1]):
        written = textwrap.fill(words, 20)
        half = 0.032 * (1 + written.count("\n")) * (high - low)
        place = max(y, free + half)
        free = place + half
        _beside(ax, written, (names, place), (3, 0), va="center", annotation_clip=False)
        ax.plot([x, names], [y, place], color=colour, linewidth=0.6, clip_on=False)
    ax.set_xlim(frame)


def hidden_bars(table: pd.DataFrame) -> Axes:
    """Draw the share of hidden rates by millésime and voie, told apart by colour and hatching."""
    ax = plt.subplots(figsize=(7.5, 3.8), layout="constrained")[1]
    drawn = {"x": "millesime", "y": "part_taux", "hue": "voie", "errorbar": None}
    sns.barplot(table, palette=list(PALETTE[: table["voie"].nunique()]), ax=ax, **drawn)
    for bars, hatch in zip(ax.containers, ("", "//", "..", "xx", "\\\\"), strict=False):
        for bar in bars:
            bar.set(hatch=hatch, edgecolor="white")
    ax.yaxis.set_major_formatter(_percent)
    ax.set(xlabel="", ylabel="Part des taux d'emploi à 6 mois masqués", ylim=(0, None))
    _key(ax)
    return _plain(ax)


def range_lines(table: pd.DataFrame, *, x: str, y: str, hue: str, ylabel: str) -> Axes:
    """Draw one line per group with its interval (columns ``y``, ``ic_bas``, ``ic_haut``), 0 to 1.

    Lines differ by colour, marker and the name at their end.
    """
    ax = plt.subplots(figsize=(7.5, 3.4), layout="constrained")[1]
    groups = list(table[hue].unique())
    positions = {value: i for i, value in enumerate(sorted(table[x].unique()))}
    ends = []
    for i, (name, marker) in enumerate(zip(groups, "osD^v", strict=False)):
        part = table[table[hue] == name].sort_values(x, kind="stable")
        place = part[x].map(positions) + 0.04 * (i - len(groups) / 2)
        ax.vlines(place, part["ic_bas"], part["ic_haut"], color=PALETTE[i], linewidth=1.2)
        ax.plot(place, part[y], marker=marker, color=PALETTE[i])
        ends.append((place.iloc[-1], part[y].iloc[-1], name, PALETTE[i]))
    ax.set_xticks(list(positions.values()), [str(name).replace("-", "-\n") for name in positions])
    ax.yaxis.set_major_formatter(_percent)
    ax.set(xlabel="", ylabel=ylabel)
    _name_ends(ax, ends)
    return _plain(ax)


def group_bars(
    table: pd.DataFrame, *, columns: list[str], whole: str, xlabel: str, colours: dict[str, str]
) -> Axes:
    """Draw one frame a column, on one scale, a bar a département beside its ``whole`` column."""
    columns = sorted(columns, key=list(colours).index)
    size = (7.5, 1.3 + 0.26 * len(table))
    figure, axes = plt.subplots(
        1, len(columns), figsize=size, sharex=True, sharey=True, layout="constrained", squeeze=False
    )
    both = zip(table["departement"], table[whole], strict=True)
    names = [f"{name} ({nombre(n)})" for name, n in both]
    for ax, column in zip(axes[0], columns, strict=True):
        bars = ax.barh(names, table[column].fillna(0.0), color=colours[column])
        ax.bar_label(bars, [nombre(value) for value in table[column]], padding=3, fontsize=SMALL)
        ax.set_title(textwrap.fill(column, 22), loc="left", fontsize=10)
        ax.set_xticks([])
        ax.margins(x=0.35, y=0.02)
        ax.tick_params(axis="y", length=0)
        _plain(ax).spines["bottom"].set_visible(False)
    axes[0][0].invert_yaxis()
    figure.supxlabel(xlabel, fontsize=SMALL)
    return axes[0][0]


def targets(table: pd.DataFrame) -> Axes:
    """Draw each target as a bar to fill (columns libelle, realise, cible), people in words."""
    ax = plt.subplots(figsize=(7.5, 0.9 + 0.75 * len(table)), layout="constrained")[1]
    names = [
        f"{textwrap.fill(row.libelle, 34)}\n"
        + _("{done} sur {wanted}").format(done=nombre(row.realise), wanted=nombre(row.cible))
        for row in table.itertuples()
    ]
    ax.barh(names, 1.0, color="none", edgecolor=GREY, height=0.45)
    ax.barh(names, table["realise"] / table["cible"], color=BLUE, height=0.45)
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(_percent)
    ax.set(xlabel="Part de la cible que permettent les places ouvertes", ylabel="")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return _plain(ax)


QUADRANTS = {
    "Q1": (GREEN, "o", "les deux", (1, 1)),
    "Q2": (BLUE, "s", "emploi seul", (1, 0)),
    "Q3": (PINK, "D", "poursuite seule", (0, 1)),
    "Q4": (ORANGE, "^", "ni l'un ni l'autre", (0, 0)),
}
RATES = ["taux_emploi_6_mois", "taux_poursuite"]  # across and up
NAMED = 3  # points of a panel that have their name below
AROUND = ((9, 7), (-9, 7), (9, -7), (-9, -7), (0, 13), (0, -13), (15, 0), (-15, 0))


def quadrants(table: pd.DataFrame) -> Axes:
    """Draw one point per course against the means of its diploma, a panel each; largest ones named.

    Columns diplome, formation, terminale, quadrant, taux_emploi_6_mois and taux_poursuite, their
    means moyenne_emploi and moyenne_poursuite. Quadrants differ by colour, marker and their name
    in the corner; the area is the number of people.
    """
    panels = sorted(table["diplome"].unique())
    lines = -(-len(panels) // 2)
    figure, axes = plt.subplots(
        lines,
        min(2, len(panels)),
        figsize=(7.8, 4.3 * lines),
        sharey=True,
        layout="constrained",
        squeeze=False,
    )
    for ax in list(axes.flat)[len(panels) :]:
        figure.delaxes(ax)
    for ax, title in zip(axes.flat, panels, strict=False):
        rows = table[table["diplome"] == title]
        ax.axvline(rows["moyenne_emploi"].iloc[0], color=GREY, linewidth=0.8, linestyle="--")
        ax.axhline(rows["moyenne_poursuite"].iloc[0], color=GREY, linewidth=0.8, linestyle="--")
        for mark, (colour, marker, words, (right, top)) in QUADRANTS.items():
            part = rows[rows["quadrant"] == mark]
            area = 22 + 160 * part["terminale"] / table["terminale"].max()
            ax.scatter(
                *(part[c] for c in RATES),
                s=area,
                color=colour,
                marker=marker,
                alpha=0.85,
                edgecolor="white",
                linewidth=0.6,
            )
            ax.text(
                right if top else abs(right - 0.015),  # clear of the frame
                1.02 if top else 0.015,
                words,
                transform=ax.transAxes,
                fontsize=SMALL,
                ha="right" if right else "left",
                va="bottom",
            )
        ax.margins(0.12, 0.16)
        said = _numbered(ax, rows, rows.nlargest(NAMED, "terminale"))
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(_percent)
        ax.xaxis.label.set_multialignment("left")
        ax.set_title(f"{capitale(title)}\n", fontsize=10)
        ax.set_xlabel(
            "\n".join(["Taux d'emploi à 6 mois, parmi les sortants", "", *said]), fontsize=SMALL
        )
        _plain(ax)
    for ax in axes[:, 0]:
        ax.set_ylabel("Taux de poursuite d'études, en dernière année", fontsize=SMALL)
    return axes[0][0]


def _numbered(ax: Axes, rows: pd.DataFrame, chosen: pd.DataFrame) -> list[str]:
    """Write a number beside each chosen point, where it is clearest; return their names."""
    points = ax.transData.transform(rows[RATES].to_numpy(float)) * 72 / ax.figure.dpi
    said = []
    for number, (place, row) in enumerate(chosen.iterrows(), start=1):
        here = points[rows.index.get_loc(place)]
        shift = max(AROUND, key=lambda s: ((points - (here + s)) ** 2).sum(axis=1).min())
        _beside(ax, str(number), row[RATES], shift, ha="center", va="center", fontweight="bold")
        points = np.vstack([points, here + shift])
        said.append(f"{number} {textwrap.fill(formation(row['formation']), 40)}")
    return said


def specification_curve(table: pd.DataFrame) -> Axes:
    """Draw the effect under every declared choice, the primary one as a square.

    Columns label, famille, principal, estimate, ci_low, ci_high; parts of the programme are
    hollow.
    """
    drawn = table.dropna(subset=["estimate"]).sort_values(
        "estimate", ascending=False, kind="stable"
    )
    ax = plt.subplots(figsize=(7.5, 0.9 + 0.27 * len(drawn)), layout="constrained")[1]
    ax.axvline(0, color=GREY, linewidth=0.8)
    whole = table.loc[table["principal"], "famille"].iloc[0]
    for place, row in enumerate(drawn.itertuples()):
        colour = ORANGE if row.principal else BLUE
        fill = colour if row.famille == whole else "white"
        ax.hlines(place, row.ci_low, row.ci_high, color=colour, linewidth=2)
        ax.plot(
            row.estimate, place, "s" if row.principal else "o", color=colour, markerfacecolor=fill
        )
    ax.set_yticks(range(len(drawn)), drawn["label"])
    ax.set_xlabel("Effet brut par place et intervalle à 95 %")
    ax.spines["left"].set_visible(False)
    return _plain(ax)


def waterfall(table: pd.DataFrame, ax: Axes) -> Axes:
    """Draw levels and the steps between them (columns label, amount, remaining, level)."""
    for row in table.itertuples():
        start = 0.0 if row.level else row.remaining - row.amount
        colour = BLUE if row.level else ORANGE if row.amount < 0 else GREEN
        ax.barh(
            row.label,
            row.amount,
            left=start,
            color=colour,
            hatch="" if row.level else "//",
            edgecolor="white",
        )
        said = nombre(row.amount) if row.level else signe(row.amount)
        _beside(ax, said, (max(start, start + row.amount), row.label), (5, 0), va="center")
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.invert_yaxis()
    ax.margins(x=0.2)
    ax.set(xlabel="", ylabel="")
    return _plain(ax)


def moments(table: pd.DataFrame, *, titles: dict[str, str]) -> Axes:
    """Draw median and deciles by level, one frame a moment, real beside simulated.

    Columns moment, level, statistic (q10, q50, q90), jumeau and, if known, reel.
    """
    names = list(dict.fromkeys(table["moment"]))
    rows = -(-len(names) // 2)
    spaced = ConstrainedLayoutEngine(h_pad=0.14)
    _, axes = plt.subplots(rows, 2, figsize=(8.5, 3.1 * rows), layout=spaced, squeeze=False)
    series = [("jumeau", ORANGE, "s", "Jumeau (simulé)")]
    if "reel" in table:
        series.insert(0, ("reel", BLUE, "o", "Réel"))
    for ax, name in zip(axes.flat, names, strict=False):
        part = table[table["moment"] == name]
        levels = list(dict.fromkeys(part["level"]))
        for shift, (column, colour, marker, label) in enumerate(series):
            wide = part.pivot_table(index="level", columns="statistic", values=column).loc[levels]
            place = [i + 0.18 * (shift - len(series) / 2 + 0.5) for i in range(len(levels))]
            ax.hlines(place, wide["q10"], wide["q90"], color=colour, linewidth=2)
            ax.plot(wide["q50"], place, marker, color=colour, label=label)
        ax.set_yticks(range(len(levels)), levels)
        ax.set_title(titles[name], fontsize=10, loc="left")
        ax.margins(y=0.25)
        if titles[name].startswith(("Taux", "Part")):
            ax.xaxis.set_major_formatter(_percent)
        _plain(ax)
    for ax in list(axes.flat)[len(names) :]:
        ax.set_visible(False)
    if len(series) > 1:
        axes.flat[0].legend(frameon=False, fontsize=SMALL)
    return axes.flat[0]


class DecimalComma(ScalarFormatter):
    """The usual labels of an axis, with the comma of French numbers."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label of a tick."""
        return super().__call__(x, pos).replace(".", ",")


def _plain(ax: Axes) -> Axes:
    ax.spines[["top", "right"]].set_visible(False)
    for axis in (ax.xaxis, ax.yaxis):
        if type(axis.get_major_formatter()) is ScalarFormatter and axis.get_scale() == "linear":
            axis.set_major_formatter(DecimalComma())
    return ax


def _key(ax: Axes) -> None:
    """Say above the frame, where nothing is drawn, what its marks are."""
    ax.legend(title=None, frameon=False, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)


def _curves(table: pd.DataFrame, x: str, y: str, ax: Axes | None) -> Axes:
    """Draw one line per label of shares between 0 and 1, told apart by colour and by dashes."""
    ax = ax or plt.subplots(figsize=(7.5, 4), layout="constrained")[1]
    ends = []
    for (label, part), colour, style in zip(
        table.groupby("label", sort=False), PALETTE, ("-", "--", "-.", ":", "-"), strict=False
    ):
        ax.plot(part[x], part[y], color=colour, linestyle=style)
        ends.append((part[x].iloc[-1], part[y].iloc[-1], label, colour))
    ax.yaxis.set_major_formatter(_percent)
    ax.set(ylim=(0, 1.02), xlim=(0, table[x].max()))
    _name_ends(ax, ends)
    return _plain(ax)


def power_curves(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw power against the effect per seat (columns label, taille, puissance)."""
    ax = _curves(table, "taille", "puissance", ax)
    ax.axhline(0.8, color=GREY, linewidth=0.8, linestyle=":")
    ax.xaxis.set_major_formatter(lambda value, _: nombre(value, 1))
    ax.set(xlabel="Effet par place", ylabel="Chances de le voir")
    return ax


def acceptability(table: pd.DataFrame, *, xlabel: str) -> Axes:
    """Draw the chances of costing less than a price (columns label, threshold, share)."""
    ax = _curves(table, "threshold", "share", None)
    ax.xaxis.set_major_formatter(lambda value, _: nombre(value))
    ax.set(xlabel=xlabel, ylabel="Chances de coûter moins")
    return ax


def fan(table: pd.DataFrame, ax: Axes | None = None, *, ylabel: str = "Personnes") -> Axes:
    """Draw a fan by year (columns annee, q10, q25, q50, q75, q90; maybe cible, a number)."""
    ax = ax or plt.subplots(figsize=(7.5, 3.4), layout="constrained")[1]
    years, last = table["annee"], table.iloc[-1]
    _band(ax, years, table["q10"], table["q90"], 0.18)
    _band(ax, years, table["q25"], table["q75"], 0.35)
    ax.plot(years, table["q50"], color=BLUE, marker="o")
    middle = nombre(rounded(last["q50"], step_of(last["q10"], last["q90"])))
    ends = [
        (last["annee"], last["q50"], f"médiane {middle}", BLUE),
        (last["annee"], last["q75"], "1 chance sur 2", BLUE),
        (last["annee"], last["q90"], "8 chances sur 10", BLUE),
    ]
    if "cible" in table and table["cible"].notna().any():
        target = table["cible"].dropna().iloc[0]
        ax.plot(years, [target] * len(years), color=ORANGE, linestyle="--")
        ends.append((last["annee"], target, f"cible {nombre(target)}", ORANGE))
    ax.set_xticks(list(years))
    ax.yaxis.set_major_formatter(lambda value, _: nombre(value))
    ax.set(xlabel="", ylabel=ylabel, ylim=(0, None))
    _name_ends(ax, ends)
    return _plain(ax)


def fans(tables: dict[str, pd.DataFrame]) -> Axes:
    """Draw one fan a panel, side by side, titled by its key; return the first."""
    _, axes = plt.subplots(1, len(tables), figsize=(9, 3.8), layout="constrained", squeeze=False)
    for ax, (title, table) in zip(axes[0], tables.items(), strict=True):
        fan(table, ax, ylabel="Personnes" if ax is axes[0][0] else "")
        ax.set_title(title, loc="left", fontsize="medium")
        ax.set_xticks(list(table["annee"])[::2])
    return axes[0][0]


def ranges(table: pd.DataFrame, ax: Axes | None = None, *, xlabel: str) -> Axes:
    """Draw bounds (low, high) as a thick line inside their interval, one line per row's label."""
    ax = ax or plt.subplots(figsize=(7, 0.9 + 0.45 * len(table)), layout="constrained")[1]
    rows = range(len(table))[::-1]
    ax.hlines(rows, table["ci_low"], table["ci_high"], color=BLUE, linewidth=1.5)
    ax.hlines(rows, table["low"], table["high"], color=BLUE, linewidth=7, alpha=0.6)
    ax.set_yticks(list(rows), table["label"])
    ax.xaxis.set_major_formatter(lambda value, _: nombre(value))
    ax.set_xlabel(xlabel)
    return _plain(ax)


def comparisons(table: pd.DataFrame, whole: float, ax: Axes | None = None) -> Axes:
    """Draw two-by-two comparisons (columns kind, estimate, weight) and the mean they make."""
    ax = ax or plt.subplots(figsize=(7, 4), layout="constrained")[1]
    for (kind, part), colour, marker in zip(table.groupby("kind"), PALETTE, "osD^", strict=False):
        ax.plot(
            part["weight"], part["estimate"], marker, color=colour, label=f"Comparée à : {kind}"
        )
    ax.axhline(whole, color=GREY, linestyle="--", label="Ensemble")
    ax.xaxis.set_major_formatter(_percent)
    ax.set(xlabel="Poids de la comparaison", ylabel="Effet")
    _key(ax)
    return _plain(ax)


def against(
    table: pd.DataFrame,
    *,
    y: str,
    x: str,
    limit: float,
    xlabel: str,
    said: str,
    ax: Axes | None = None,
) -> Axes:
    """Draw one bar per row against a limit, named in the legend."""
    ax = ax or plt.subplots(figsize=(7, 1.2 + 0.45 * len(table)), layout="constrained")[1]
    ax.barh([textwrap.fill(name, 30) for name in table[y]], table[x], color=BLUE)
    ax.axvline(limit, color=ORANGE, linestyle="--", label=said)
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(lambda value, _: nombre(value))
    ax.xaxis.set_major_locator(MaxNLocator(5))
    ax.set(xlabel=xlabel, ylabel="")
    _key(ax)
    return _plain(ax)


def gap(values: pd.Series, first: float, ax: Axes | None = None) -> Axes:
    """Draw a gap by period (the index), a dotted line where the programme starts."""
    ax = ax or plt.subplots(figsize=(7, 4), layout="constrained")[1]
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.axvline(first - 0.5, color=GREY, linewidth=0.8, linestyle=":")
    ax.plot(values.index, values, "o-", color=BLUE)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="Période", ylabel="Écart à la comparaison synthétique")
    return _plain(ax)


def among(others: pd.DataFrame, own: pd.Series, ax: Axes | None = None) -> Axes:
    """Draw each period's change of one unit (orange square) among those of all (rows)."""
    ax = ax or plt.subplots(figsize=(7, 0.9 + 0.5 * len(own)), layout="constrained")[1]
    rows = range(len(own))[::-1]
    ax.axvline(0, color=GREY, linewidth=0.8)
    for row, period in zip(rows, own.index, strict=True):
        ax.plot(others[period], [row] * len(others), "|", color=GREY, markersize=11)
    ax.plot(own, list(rows), "s", color=ORANGE, label="La région")
    ax.set_yticks(list(rows), [str(period) for period in own.index])
    ax.xaxis.set_major_formatter(_percent)
    ax.set_xlabel("Évolution par rapport aux mêmes formations ailleurs")
    _key(ax)
    return _plain(ax)


def bounds_by_m(table: pd.DataFrame, estimate: float, ax: Axes | None = None) -> Axes:
    """Draw the interval of the effect as the drift allowed grows (columns m, ci_low, ci_high)."""
    ax = ax or plt.subplots(figsize=(7, 4), layout="constrained")[1]
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.vlines(table["m"], table["ci_low"], table["ci_high"], color=BLUE, linewidth=2)
    ax.axhline(estimate, color=ORANGE, linestyle="--", label="Effet estimé")
    ax.xaxis.set_major_formatter(lambda value, _: nombre(value, 2))
    ax.set(xlabel="Écart de tendance permis, M", ylabel="Effet et intervalle à 95 %")
    _key(ax)
    return _plain(ax)


def planted(draws: pd.DataFrame, real: pd.Series, ax: Axes | None = None) -> Axes:
    """Draw each fake programme's error and interval, sorted (columns estimate, truth, ci_*).

    ``real`` has estimate, cal_low, cal_high: the run's calibrated interval, about its estimate.
    """
    ax = ax or plt.subplots(figsize=(7, 3.6), layout="constrained")[1]
    rows = draws.assign(error=draws["estimate"] - draws["truth"]).sort_values(
        "error", kind="stable"
    )
    rows = rows.assign(place=range(len(rows)))
    edges = real[["cal_low", "cal_high"]] - real["estimate"]
    ax.axhspan(
        *edges, color=GREEN, alpha=0.15, linewidth=0, label="Intervalle étalonné de l'effet estimé"
    )
    for edge in edges:
        ax.axhline(edge, color=GREEN, linewidth=0.8)
    for held, colour, name in ((True, BLUE, "L'effet vrai est dedans"), (False, ORANGE, "Dehors")):
        part = rows[rows["contained"] == held]
        low, high = (part[c] - part["truth"] for c in ("ci_low", "ci_high"))
        ax.vlines(part["place"], low, high, color=colour, linewidth=1, label=name)
        ax.plot(part["place"], part["error"], "." if held else "x", color=colour, markersize=4)
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.set(
        xlabel="Faux programmes, du plus sous-estimé au plus surestimé",
        ylabel="Effet trouvé moins effet vrai",
    )
    ax.set_xticks([])
    _key(ax)
    return _plain(ax)


def costs(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw euros per unit (columns label, estimate, ci_low, ci_high), dashed where unbounded."""
    ax = ax or plt.subplots(figsize=(7, 0.9 + 0.5 * len(table)), layout="constrained")[1]
    known = table[["estimate", "ci_low", "ci_high"]].replace(float("inf"), float("nan"))
    far = 1.5 * known.max(axis=None)
    for row, (place, r) in enumerate(known.iterrows()):
        open_ended = pd.isna(r["ci_high"]) and pd.notna(r["ci_low"])
        ax.hlines(
            row,
            r["ci_low"],
            far if open_ended else r["ci_high"],
            color=BLUE,
            linewidth=2,
            linestyle="--" if open_ended else "-",
        )
        ax.plot(table.loc[place, "estimate"], row, "o", color=BLUE)
    ax.set_yticks(range(len(table)), table["label"])
    ax.xaxis.set_major_formatter(lambda value, _: nombre(value))
    ax.set_xlabel("Euros par unité, intervalle à 95 %")
    return _plain(ax)
