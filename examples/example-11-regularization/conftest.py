"""Put this folder on the path, as it is when `main.py` is started as a program."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
