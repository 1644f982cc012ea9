"""`python -m il6_platform.cli`."""

import sys

from il6_platform.cli import main

sys.exit(main())
