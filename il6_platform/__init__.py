"""A living clinical-biomarker study: registry exports in, a published survival analysis out."""

import os

# Before numpy is first imported. The matrices are small: more threads only wait for each other, and
# would sum in another order on a machine with more cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
