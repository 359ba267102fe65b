"""Write the code lists of the query service anew, from the official artefacts: ``.venv/bin/python tests/einvoice/make_code_lists.py``."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from official_validation import code_lists

TARGET = Path(__file__).parents[2] / "services/query/src/invoiceflow_query/einvoice/code_lists.json"


def rendered() -> str:
    """Return the file's text: a line for each list."""
    lists = {name: " ".join(sorted(values)) for name, values in sorted(code_lists().items())}
    return json.dumps(lists, indent=1) + "\n"


if __name__ == "__main__":
    TARGET.write_text(rendered(), encoding="utf-8")
