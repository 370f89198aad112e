"""Parquet files, read batch by batch through pyarrow."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llmrerank.errors import DataError, MissingExtra

from .table import Row, Table

__all__ = ["open_parquet"]

_BATCH_ROWS = 1024


def open_parquet(path: Path) -> Table:
    """Open a file; rows are read while they are asked for, binary columns never.

    Values are those of JSON: what has another type, such as a date, becomes its text, and NaN becomes None.

    Raises:
        DataError: There is no such file, or it is no Parquet; later, a part of it cannot be read.
        MissingExtra: pyarrow is not installed.
    """
    try:
        from pyarrow import lib, parquet, types
    except ImportError as error:
        raise MissingExtra(f"reading {path}", "datasets") from error
    if not path.is_file():
        raise DataError(f"there is no file {path}")
    try:
        file = parquet.ParquetFile(path)
        schema = file.schema_arrow
    except (lib.ArrowException, OSError) as error:
        raise DataError(f"cannot read {path} as Parquet: {error}") from error
    binary = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary)
    columns = [one.name for one in schema if not any(is_so(one.type) for is_so in binary)]

    def rows() -> Iterator[Row]:
        number = 0
        try:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
                for values in batch.to_pylist():
                    number += 1
                    yield Row(
                        f"{path}, row {number}", {key: _as_json(value) for key, value in values.items()}
                    )
        except (lib.ArrowException, OSError, ValueError) as error:
            raise DataError(f"cannot read {path} after row {number}: {error}") from error

    return Table(name=str(path), columns=tuple(columns), rows=rows())


def _as_json(value: Any) -> Any:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, list):
        return [_as_json(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _as_json(one) for key, one in value.items()}
    return str(value)
