"""``python -m invoiceflow_standalone`` serves."""

from invoiceflow_standalone.main import main

if __name__ == "__main__":
    main()
