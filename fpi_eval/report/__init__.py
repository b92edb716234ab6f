"""Run the notebooks, render the pages, write the manifest."""
