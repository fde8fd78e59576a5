"""Imports a platform's own export as a catalog, by a mapping of its columns.

| file        | does                                                            |
| ----------- | --------------------------------------------------------------- |
| mapping.py  | the mapping: a TOML file, checked whole before anything is read |
| exports.py  | reads files and databases as they are exported                  |
| units.py    | numbers: `3.60万`, `20%`, `99,000₫`, `12.5k`                    |
| days.py     | days and times of other forms and time zones                    |
| convert.py  | one column: from what was exported to what a catalog holds      |
| run.py      | the tables, and the catalog's folder                            |
"""
