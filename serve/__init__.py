"""Uses bundles: the HTTP service, the merchant page and the weekly lists."""
