"""Models: content vectors, the space for retrieval, outcome heads, intervals and the ranker."""
