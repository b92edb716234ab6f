"""One row per cell and rentrée: outcomes, seats, exposures."""

from fpi_eval.panel.cell_panel import CellPanel
from fpi_eval.panel.cells import align, exposures, lag_of, seat_grid

__all__ = ["CellPanel", "align", "exposures", "lag_of", "seat_grid"]
