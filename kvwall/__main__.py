"""`python -m kvwall`."""

import sys

from kvwall.command import main

sys.exit(main())
