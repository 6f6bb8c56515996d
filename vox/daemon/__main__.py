"""`python -m vox.daemon`: the daemon in the foreground."""

from vox.daemon.app import main

raise SystemExit(main())
