"""Fills the blocks of the reference that are made from the code.

python tests/documentation/generate.py           # write them
python tests/documentation/generate.py --check   # write nothing; exit 1 where a page is out of date
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # pytest and the command line find the package alike

from reference_pages import BlockError, outdated, write_pages


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is out of date")
    options = parser.parse_args(arguments)
    try:
        problems = outdated() if options.check else []
        if not options.check:
            write_pages()
    except BlockError as error:
        problems = [str(error)]
    for problem in problems:
        print(problem, file=sys.stderr)  # noqa: T201 - a command
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
