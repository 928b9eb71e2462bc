"""`python -m mutoscope`: the command line."""

from mutoscope.cli import main

raise SystemExit(main())
