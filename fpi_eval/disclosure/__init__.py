"""Statistical disclosure control: hide small counts so that no difference gives them back.

Two rules decide what is hidden first. The publisher's (DEPP-Dares): a rate is hidden under a
denominator of 20; its numerator is then hidden too, else the reader would divide. The programme's:
a count of 1 to 4 people is hidden (``effectif_minimum``). Complementary cells are then hidden by
linear programming until every hidden cell keeps an interval of possible values wide enough, and so
does every small count that no cell is but that several would tell; an audit that sees only what is
published measures that of the cells again.

Zeros are shown: an empty cell mostly says that a course is not taught there, which is public.
They are therefore never used to protect another cell, and the audit grants its adversary that a
hidden count is at least 1, unless it is the numerator of a rate hidden by the publisher's rule.

Why not a library: ACRO (MIT) hides cells of one crosstab but chooses no complementary cell and
needs pandas < 3; pytauargus (EUPL, beta) protects one table at a time against respondents'
dominance, and knows neither rates, nor linked tables, nor last year's report.
"""

from fpi_eval.disclosure.audit import audit
from fpi_eval.disclosure.gate import Gate
from fpi_eval.disclosure.hiding import Unprotectable
from fpi_eval.disclosure.margins import Protected, Publication, ToPublish, with_margins
from fpi_eval.disclosure.rules import MARK, TOTAL, Parts, PublicShare, Rate, Thresholds
from fpi_eval.disclosure.shown import Shown, public, share_told, show_alone
from fpi_eval.disclosure.suppress import protect, protect_together

__all__ = [
    "MARK", "TOTAL", "Gate", "Parts", "Protected", "PublicShare", "Publication", "Rate", "Shown",
    "Thresholds", "ToPublish", "Unprotectable", "audit", "protect", "protect_together", "public",
    "share_told", "show_alone", "with_margins",
]  # fmt: skip
