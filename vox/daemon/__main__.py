"""`python -m vox.daemon` and `voxd`: the daemon in the foreground."""

import gc

__all__ = ["main"]


def main() -> int:
    """Run the daemon. Returns the exit status.

    Looking for garbage while modules load would cost a tenth of the start and find none; the daemon turns the collector
    on again once it is ready.
    """
    gc.disable()
    from vox.daemon.app import main as run

    return run()


if __name__ == "__main__":
    raise SystemExit(main())
