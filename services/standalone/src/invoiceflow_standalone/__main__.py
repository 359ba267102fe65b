"""``python -m invoiceflow_standalone`` serves; with the word ``rebuild`` it makes the read model anew and ends."""

import sys

from invoiceflow_standalone.main import main
from invoiceflow_standalone.rebuilding import rebuild

if __name__ == "__main__":
    if sys.argv[1:] == ["rebuild"]:
        rebuild()
    else:
        main()
