"""Models: content vectors, the space for retrieval, outcome heads, intervals and the ranker."""

import os

# Native threads that wait for each other spin a moment, then sleep. Spinning on, as is usual, made
# fitting on busy cores ten times slower; sleeping at once makes it slower on idle ones. LightGBM
# and FAISS read this when they load, which is after this line.
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
