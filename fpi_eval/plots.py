"""Tidy table to Axes; never computes."""

import textwrap

import matplotlib.pyplot as plt
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from fpi_eval.text import nombre, pourcent

# Okabe & Ito (2008): told apart by readers with any colour vision.
BLUE, ORANGE, GREEN, PINK, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#6E6E6E"


def estimates(
    table: pd.DataFrame, ax: Axes | None = None, *, xlabel: str = "Effet et intervalle à 95 %"
) -> Axes:
    """Draw one line per row: estimate and interval (columns label, estimate, ci_low, ci_high)."""
    ax = ax or plt.subplots(figsize=(7, 0.9 + 0.45 * len(table)), layout="constrained")[1]
    rows = range(len(table))[::-1]
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.hlines(rows, table["ci_low"], table["ci_high"], color=BLUE, linewidth=2)
    ax.plot(table["estimate"], rows, "o", color=BLUE)
    ax.set_yticks(list(rows), table["label"])
    ax.set_xlabel(xlabel)
    ax.spines["left"].set_visible(False)
    return _plain(ax)


def event_study(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw effects by year from the opening (columns rel_time, estimate, ci_*, maybe band_*)."""
    ax = ax or plt.subplots(figsize=(7, 4), layout="constrained")[1]
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.axvline(-0.5, color=GREY, linewidth=0.8, linestyle=":")
    if "band_low" in table and table["band_low"].notna().any():
        ax.fill_between(
            table["rel_time"],
            table["band_low"],
            table["band_high"],
            color=BLUE,
            alpha=0.15,
            linewidth=0,
            label="Bande simultanée à 95 %",
        )
    for before, colour, marker in ((True, ORANGE, "s"), (False, BLUE, "o")):
        part = table[(table["rel_time"] < 0) == before]
        ax.vlines(part["rel_time"], part["ci_low"], part["ci_high"], color=colour, linewidth=2)
        label = "Avant l'ouverture" if before else "Après l'ouverture"
        ax.plot(part["rel_time"], part["estimate"], marker, color=colour, label=label)
    ax.set_xlabel("Années depuis la première rentrée où l'effet est possible")
    ax.set_ylabel("Effet et intervalle à 95 %")
    ax.legend(frameon=False)
    return _plain(ax)


PALETTE = (BLUE, ORANGE, GREEN, PINK, GREY)


def share_bars(
    table: pd.DataFrame, *, x: str, y: str, hue: str, ylabel: str, ax: Axes | None = None
) -> Axes:
    """Draw bars of a share (0 to 1) by group, told apart by colour and hatching."""
    ax = ax or plt.subplots(figsize=(7.5, 3.8), layout="constrained")[1]
    colours = list(PALETTE[: table[hue].nunique()])
    sns.barplot(table, x=x, y=y, hue=hue, palette=colours, ax=ax, errorbar=None)
    for bars, hatch in zip(ax.containers, ("", "//", "..", "xx", "\\\\"), strict=False):
        for bar in bars:
            bar.set(hatch=hatch, edgecolor="white")
    ax.yaxis.set_major_formatter(lambda value, _: pourcent(value, 0))
    ax.set(xlabel="", ylabel=ylabel, ylim=(0, None))
    ax.legend(title=None, frameon=False, ncols=2, loc="upper center", bbox_to_anchor=(0.5, 1.14))
    return _plain(ax)


def range_lines(
    table: pd.DataFrame, *, x: str, y: str, hue: str, ylabel: str, ax: Axes | None = None
) -> Axes:
    """Draw one line per group with its interval (columns ``y``, ``ic_bas``, ``ic_haut``), 0 to 1.

    Lines differ by colour, marker and a label at their end.
    """
    ax = ax or plt.subplots(figsize=(7.5, 4), layout="constrained")[1]
    groups = list(table[hue].unique())
    positions = {value: i for i, value in enumerate(sorted(table[x].unique()))}
    for i, (name, marker) in enumerate(zip(groups, "osD^v", strict=False)):
        part = table[table[hue] == name].sort_values(x)
        place = part[x].map(positions) + 0.04 * (i - len(groups) / 2)
        ax.vlines(place, part["ic_bas"], part["ic_haut"], color=PALETTE[i], linewidth=1.2)
        ax.plot(place, part[y], marker=marker, color=PALETTE[i], label=name)
    ax.set_xticks(list(positions.values()), [str(name).replace("-", "-\n") for name in positions])
    ax.yaxis.set_major_formatter(lambda value, _: pourcent(value, 0))
    ax.set(xlabel="", ylabel=ylabel)
    ax.legend(title=None, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return _plain(ax)


def stacked_rows(
    table: pd.DataFrame, *, rows: str, columns: list[str], xlabel: str, ax: Axes | None = None
) -> Axes:
    """Draw one horizontal bar per row, split by column; the total is written at its end."""
    ax = ax or plt.subplots(figsize=(7.5, 0.8 + 0.36 * len(table)), layout="constrained")[1]
    left = pd.Series(0.0, index=table.index)
    hatches = ("", "//", "..", "xx", "\\\\")
    for column, colour, hatch in zip(columns, PALETTE, hatches, strict=False):
        width = table[column].fillna(0.0)
        ax.barh(
            table[rows],
            width,
            left=left,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            label=column,
        )
        left = left + width
    for place, total in zip(table[rows], left, strict=True):
        ax.text(total, place, f" {nombre(total)}", va="center", fontsize=9)
    ax.invert_yaxis()
    ax.set(xlabel=xlabel, ylabel="")
    ax.xaxis.set_major_formatter(lambda value, _: nombre(value))
    ax.margins(x=0.1)
    ax.legend(title=None, frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return _plain(ax)


def targets(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw achieved people inside each target's bar (columns libelle, realise, cible)."""
    ax = ax or plt.subplots(figsize=(7.5, 0.9 + 0.7 * len(table)), layout="constrained")[1]
    names = [textwrap.fill(name, 26) for name in table["libelle"]]
    ax.barh(names, table["cible"], color="#DDDDDD", edgecolor=GREY, label="Cible")
    label = "Entrées que permettent les places ouvertes"
    ax.barh(names, table["realise"], color=BLUE, height=0.45, label=label)
    for place, row in enumerate(table.itertuples()):
        end = max(row.cible, row.realise)
        words = f" {nombre(row.realise)} sur {nombre(row.cible)}"
        ax.text(end, place, words, va="center", fontsize=9)
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(lambda value, _: nombre(value))
    ax.margins(x=0.22)
    ax.set(xlabel="Personnes", ylabel="")
    ax.legend(frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.4, 1.0))
    return _plain(ax)


QUADRANTS = {
    "Q1": (GREEN, "o", "Q1 : emploi et poursuite"),
    "Q2": (BLUE, "s", "Q2 : emploi seul"),
    "Q3": (PINK, "D", "Q3 : poursuite seule"),
    "Q4": (ORANGE, "^", "Q4 : ni l'un ni l'autre"),
}


def quadrants(
    table: pd.DataFrame,
    *,
    x: str,
    y: str,
    size: str,
    x_mean: str,
    y_mean: str,
    panel: str,
    name: str,
    named: int = 3,
) -> Axes:
    """Draw one point per row against its panel's means, a panel per level; largest ones named.

    Quadrants (column ``quadrant``) differ by colour and marker; the area is the number of people.
    """
    panels = sorted(table[panel].unique())
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(4.6 * len(panels), 5),
        sharey=True,
        layout="constrained",
        squeeze=False,
    )
    for ax, title in zip(axes[0], panels, strict=True):
        rows = table[table[panel] == title]
        ax.axvline(rows[x_mean].iloc[0], color=GREY, linewidth=0.8, linestyle="--")
        ax.axhline(rows[y_mean].iloc[0], color=GREY, linewidth=0.8, linestyle="--")
        for mark, (colour, marker, _) in QUADRANTS.items():
            part = rows[rows["quadrant"] == mark]
            area = 22 + 160 * part[size] / table[size].max()
            ax.scatter(
                part[x],
                part[y],
                s=area,
                color=colour,
                marker=marker,
                alpha=0.85,
                edgecolor="white",
                linewidth=0.6,
            )
        said = ["Taux d'emploi à 6 mois, parmi les sortants", ""]
        for number, row in enumerate(rows.nlargest(named, size).itertuples(), start=1):
            ax.annotate(
                str(number),
                (getattr(row, x), getattr(row, y)),
                fontsize=9,
                xytext=(6, 5),
                textcoords="offset points",
            )
            said.append(f"{number} {_shortened(getattr(row, name))}")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter(lambda value, _: pourcent(value, 0))
        ax.set_title(title, fontsize=10)
        ax.set_xlabel("\n".join(said), fontsize=8.5)
        ax.margins(0.12)
        _plain(ax)
    axes[0][0].set_ylabel("Taux de poursuite d'études, en dernière année", fontsize=8.5)
    handles = [
        plt.Line2D([], [], color=colour, marker=marker, linestyle="", label=words)
        for colour, marker, words in QUADRANTS.values()
    ]
    figure.legend(
        handles=handles,
        frameon=False,
        ncols=len(panels) * 2,
        loc="outside upper center",
        fontsize=8.5,
    )
    return axes[0][0]


def _shortened(words: str, width: int = 48) -> str:
    """Return words cut in their middle: names of courses differ by their end."""
    if len(words) <= width:
        return words
    return f"{words[: width - 20].rstrip()}… {words[-18:].lstrip()}"


def specification_curve(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the effect under every declared choice, the primary one as a square.

    Columns label, famille, principal, estimate, ci_low, ci_high; parts of the programme are
    hollow.
    """
    drawn = table.dropna(subset=["estimate"]).sort_values("estimate", ascending=False)
    ax = ax or plt.subplots(figsize=(7.5, 0.9 + 0.34 * len(drawn)), layout="constrained")[1]
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


def waterfall(table: pd.DataFrame, *, xlabel: str = "", ax: Axes | None = None) -> Axes:
    """Draw levels and the steps between them (columns label, amount, remaining, level)."""
    ax = ax or plt.subplots(figsize=(7.5, 0.9 + 0.45 * len(table)), layout="constrained")[1]
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
        ax.text(
            max(start, start + row.amount),
            row.label,
            f" {nombre(row.amount, 1)}",
            va="center",
            fontsize=9,
        )
    ax.axvline(0, color=GREY, linewidth=0.8)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set(xlabel=xlabel, ylabel="")
    return _plain(ax)


def moments(table: pd.DataFrame, *, titles: dict[str, str]) -> Axes:
    """Draw median and deciles by level, one frame a moment, real beside simulated.

    Columns moment, level, statistic (q10, q50, q90), jumeau and, if known, reel.
    """
    names = list(dict.fromkeys(table["moment"]))
    rows = -(-len(names) // 2)
    _, axes = plt.subplots(rows, 2, figsize=(8.5, 3.1 * rows), layout="constrained", squeeze=False)
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
        _plain(ax)
    for ax in list(axes.flat)[len(names) :]:
        ax.set_visible(False)
    axes.flat[0].legend(frameon=False, fontsize=8)
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


def _curves(table: pd.DataFrame, x: str, y: str, ax: Axes | None) -> Axes:
    """Draw one line per label of shares between 0 and 1, told apart by colour and by dashes."""
    ax = ax or plt.subplots(figsize=(7.5, 4), layout="constrained")[1]
    for (label, part), colour, style in zip(
        table.groupby("label", sort=False), PALETTE, ("-", "--", "-.", ":", "-"), strict=False
    ):
        ax.plot(part[x], part[y], color=colour, linestyle=style, label=label)
    ax.yaxis.set_major_formatter(lambda value, _: pourcent(value, 0))
    ax.set(ylim=(0, 1.02), xlim=(0, None))
    ax.legend(frameon=False, loc="lower right")
    return _plain(ax)


def power_curves(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw power against the effect per seat (columns label, taille, puissance)."""
    ax = _curves(table, "taille", "puissance", ax)
    ax.axhline(0.8, color=GREY, linewidth=0.8, linestyle=":")
    ax.xaxis.set_major_formatter(lambda value, _: nombre(value, 1))
    ax.set(xlabel="Effet par place", ylabel="Chances de le voir")
    return ax


def acceptability(table: pd.DataFrame, ax: Axes | None = None, *, xlabel: str) -> Axes:
    """Draw the chances of costing less than a price (columns label, threshold, share)."""
    ax = _curves(table, "threshold", "share", ax)
    ax.xaxis.set_major_formatter(lambda value, _: nombre(value))
    ax.set(xlabel=xlabel, ylabel="Chances de coûter moins")
    return ax


def fan(table: pd.DataFrame, ax: Axes | None = None, *, ylabel: str = "Personnes") -> Axes:
    """Draw a fan by year (columns annee, q05, q25, q50, q75, q95; maybe cible, a number)."""
    ax = ax or plt.subplots(figsize=(7.5, 4), layout="constrained")[1]
    years = table["annee"]
    ax.fill_between(
        years,
        table["q05"],
        table["q95"],
        color=BLUE,
        alpha=0.18,
        linewidth=0,
        label="9 chances sur 10",
    )
    ax.fill_between(
        years,
        table["q25"],
        table["q75"],
        color=BLUE,
        alpha=0.35,
        linewidth=0,
        label="1 chance sur 2",
    )
    ax.plot(years, table["q50"], color=BLUE, marker="o", label="Médiane")
    if "cible" in table and table["cible"].notna().any():
        ax.axhline(table["cible"].dropna().iloc[0], color=ORANGE, linestyle="--", label="Cible")
    ax.set_xticks(list(years))
    ax.yaxis.set_major_formatter(lambda value, _: nombre(value))
    ax.set(xlabel="", ylabel=ylabel, ylim=(0, None))
    ax.legend(frameon=False, loc="best")
    return _plain(ax)


def fans(tables: dict[str, pd.DataFrame]) -> Axes:
    """Draw one fan a panel, side by side, titled by its key; return the first."""
    _, axes = plt.subplots(1, len(tables), figsize=(9, 3.8), layout="constrained", squeeze=False)
    for ax, (title, table) in zip(axes[0], tables.items(), strict=True):
        fan(table, ax, ylabel="Personnes" if ax is axes[0][0] else "")
        if ax is not axes[0][0]:
            ax.get_legend().remove()
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
    ax.xaxis.set_major_formatter(lambda value, _: pourcent(value, 0))
    ax.set(xlabel="Poids de la comparaison", ylabel="Effet")
    ax.legend(frameon=False)
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
    ax.set(xlabel=xlabel, ylabel="")
    ax.legend(frameon=False)
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
    ax.xaxis.set_major_formatter(lambda value, _: pourcent(value, 0))
    ax.set_xlabel("Évolution par rapport aux mêmes formations ailleurs")
    ax.legend(frameon=False)
    return _plain(ax)


def bounds_by_m(table: pd.DataFrame, estimate: float, ax: Axes | None = None) -> Axes:
    """Draw the interval of the effect as the drift allowed grows (columns m, ci_low, ci_high)."""
    ax = ax or plt.subplots(figsize=(7, 4), layout="constrained")[1]
    ax.axhline(0, color=GREY, linewidth=0.8)
    ax.vlines(table["m"], table["ci_low"], table["ci_high"], color=BLUE, linewidth=2)
    ax.axhline(estimate, color=ORANGE, linestyle="--", label="Effet estimé")
    ax.xaxis.set_major_formatter(lambda value, _: nombre(value, 2))
    ax.set(xlabel="Écart de tendance permis, M", ylabel="Effet et intervalle à 95 %")
    ax.legend(frameon=False)
    return _plain(ax)


def planted(draws: pd.DataFrame, real: pd.Series, ax: Axes | None = None) -> Axes:
    """Draw each fake programme's error and interval, sorted (columns estimate, truth, ci_*).

    ``real`` has estimate, cal_low, cal_high: the run's calibrated interval, about its estimate.
    """
    ax = ax or plt.subplots(figsize=(7, 3.6), layout="constrained")[1]
    rows = draws.assign(error=draws["estimate"] - draws["truth"]).sort_values("error")
    rows = rows.assign(place=range(len(rows)))
    ax.axhspan(
        *(real[["cal_low", "cal_high"]] - real["estimate"]),
        color=GREEN,
        alpha=0.15,
        linewidth=0,
        label="Intervalle étalonné de l'effet estimé",
    )
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
    ax.legend(frameon=False)
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
