"""Rows of the file and of the shop by their numbers, and flags of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
NOWHERE = -1
