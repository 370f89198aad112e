"""Tables of other people: CSV, TSV and Parquet with named columns."""

from .columns import DOCUMENTS, JUDGEMENTS, QUERIES, Columns, Fields, chosen_columns, read_columns
from .delimited import Delimited, open_delimited
from .parquet import open_parquet
from .reading import is_table, read_table
from .table import Record, Row, Table, record_of, records

__all__ = [
    "DOCUMENTS",
    "JUDGEMENTS",
    "QUERIES",
    "Columns",
    "Delimited",
    "Fields",
    "Record",
    "Row",
    "Table",
    "chosen_columns",
    "is_table",
    "open_delimited",
    "open_parquet",
    "read_columns",
    "read_table",
    "record_of",
    "records",
]
