"""Run the notebooks, lay their pages out, put the report in place."""
