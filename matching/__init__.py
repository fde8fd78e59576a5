"""Creator–merchant matchmaking: who should sell this product, and what will it bring.

`matching.catalog` loads the tables, `matching.bundle` what training made of them, and
`matching.matcher.Matcher` answers. The command line is `matching.cli`.
"""
