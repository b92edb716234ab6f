"""Run the notebooks, lay their pages out, put the report in place."""

import sys

# A grammar of URLs that jsonschema compiles: two seconds that no notebook here needs.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # forbids its import
