"""Run the notebooks, render the pages, write the manifest."""

import sys

# nbformat imports jsonschema, which does without it, and builds its grammars: a second a process.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
