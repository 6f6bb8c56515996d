"""`python -m vox`: the command line."""

from vox.cli.main import main

__all__: list[str] = []

if __name__ == "__main__":
    main()
