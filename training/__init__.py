"""Makes bundles: trains on a catalog, judges the result, simulates markets to judge it on."""
