"""``python -m OsteoScreenLib.cli``: the ``osteoscreen`` command without its script."""

from OsteoScreenLib.cli.app import main

if __name__ == "__main__":
    main()
