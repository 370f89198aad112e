"""What an experiment file says of a comparison: the keys of its section `[compare]`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .forms import FILE, PLACE, PLACES, SWITCH, TEXT, TEXTS, Form, whole
from .knobs import Knob

__all__ = ["COMPARE_KEYS"]


def _key(name: str, form: Form, summary: str) -> Knob:
    return Knob(name=name, form=form, summary=summary)


COMPARE_KEYS: Mapping[str, Knob] = MappingProxyType(
    {
        key.name: key
        for key in (
            _key("title", TEXT, "heading of the report"),
            _key("dataset", PLACES, "dataset folders, or irds:NAME"),
            _key("docs", PLACE, "documents: JSONL, CSV, TSV, Parquet, a folder of texts, irds:NAME"),
            _key("queries", PLACE, "queries: JSONL, CSV, TSV, Parquet, plain lines, irds:NAME"),
            _key("qrels", PLACE, "judgements: TREC, BEIR, CSV, TSV, Parquet, irds:NAME"),
            _key("doc_columns", TEXT, "columns of the documents, as id=No,text=Body"),
            _key("query_columns", TEXT, "columns of the queries"),
            _key("qrels_columns", TEXT, "columns of the judgements"),
            _key("split", TEXT, "judgements qrels/NAME.tsv"),
            _key("candidates", TEXT, "what a bare 'run' reads"),
            _key("card", FILE, "what makes a document relevant, in the form of dataset.toml"),
            _key("strategies", TEXTS, "one row each"),
            _key("baseline", TEXT, "the strategy that the others are held against"),
            _key("metrics", TEXTS, "measures by name"),
            _key("limit", whole(1), "only the first so many judged queries"),
            _key("repeat", whole(1), "times that each query is asked of an endpoint"),
            _key("shuffle", SWITCH, "ask about other orders of the candidates as well"),
            _key("group_by", TEXT, "metadata with the judged id of a chunk"),
        )
    }
)
"""Every key by its name; the flag of `llmrerank compare` has dashes for underscores."""
