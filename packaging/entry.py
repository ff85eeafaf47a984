"""Entry point of the bundle: the same command line as the installed package."""

import sys

from viewer.cli import main

sys.exit(main())
