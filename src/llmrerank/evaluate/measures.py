"""Measures of ranking quality, by the names and with the numbers of ir-measures and trec_eval."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from llmrerank.errors import ConfigError, MissingExtra, UnknownName

from .evaluator import Evaluation, Evaluator, Qrels
from .runs import Run

__all__ = ["DEFAULT_MEASURES", "Evaluation", "Measures", "Qrels"]

DEFAULT_MEASURES = ("nDCG@10", "RR@10", "R@100")

_DEEPEST = 1_000_000
_SHOWN = ("AP", "Judged@10", "nDCG@10", "P@5", "R@100", "RR@10", "Success@10", "RR(rel=2)@10")


class Measures:
    """Measures made ready from their names: `nDCG@10`, `RR(rel=2)@10`, `AP`, `P@5`, `Judged@10`.

    A measure that knows only relevant and not relevant, and whose name gives no `rel=`, uses the relevance
    level of the dataset; its name then says so. nDCG is graded: the grade is the gain, as in trec_eval.

    Attributes:
        names: As they are shown, in the order asked, each once.
    """

    names: tuple[str, ...]

    def __init__(self, names: Sequence[str] = DEFAULT_MEASURES, *, relevance: int = 1) -> None:
        """Read the names.

        Args:
            names: One or more.
            relevance: The lowest grade that counts as relevant.

        Raises:
            MissingExtra: ir-measures is not installed.
            ConfigError: No name, or names or options that no measure here knows; all are reported at once.
        """
        try:
            import ir_measures
        except ImportError as error:
            raise MissingExtra("evaluation", "eval") from error
        if not names:
            raise ConfigError(f"no measures; name some, e.g. {' '.join(DEFAULT_MEASURES)}")
        self._library = ir_measures
        measures: dict[str, Any] = {}
        faults = []
        for name in names:
            try:
                measure = self._read(name.strip(), relevance)
                measures.setdefault(str(measure), measure)
            except ConfigError as error:
                faults.append(error)
        if len(faults) == 1:
            raise faults[0]
        if faults:
            raise ConfigError("; ".join(str(fault) for fault in faults))
        self._measures = measures
        self.names = tuple(measures)

    def _read(self, name: str, relevance: int) -> Any:
        try:
            measure = self._library.parse_measure(name)
        except NameError:
            raise self._unknown(name) from None
        except (ValueError, TypeError):
            raise ConfigError(f"cannot read the measure '{name}'; write e.g. {', '.join(_SHOWN)}") from None
        # The library checks options by assertions and hands the rest to C code, which a cut-off of 0 crashes.
        known = measure.SUPPORTED_PARAMS
        for option, value in measure.params.items():
            if option not in known:
                raise UnknownName("option", option, known, where=f"the measure '{name}'")
            if option in ("cutoff", "rel") and (type(value) is not int or not 0 < value <= _DEEPEST):
                what = "cut-off" if option == "cutoff" else "option 'rel'"
                raise ConfigError(
                    f"the {what} of '{name}' must be a whole number from 1 to {_DEEPEST}, got {value!r}"
                )
        binary = "rel" in known and known["rel"].default == 1 and "rel" not in measure.params
        if relevance != 1 and binary and self._supports(measure(rel=relevance)):
            return measure(rel=relevance)
        if not self._supports(measure):
            absent = [option for option in known if known[option].required and option not in measure.params]
            if "cutoff" in absent:
                raise ConfigError(f"the measure '{name}' needs a cut-off; write e.g. {name}@10")
            raise ConfigError(
                f"the measure '{name}' cannot be computed with what is installed"
                + (f", and it needs {', '.join(absent)}" if absent else "")
                + f"; write e.g. {', '.join(_SHOWN)}"
            )
        return measure

    def _supports(self, measure: Any) -> bool:
        try:
            return bool(self._library.DefaultPipeline.supports(measure))
        except AssertionError:
            return False

    def _unknown(self, name: str) -> ConfigError:
        """Say which measure was meant: another spelling of the name, else a close one, else all of them."""
        asked = re.split(r"[@(]", name)[0]
        registry = self._library.measures.registry
        known = {key for key, measure in registry.items() if key.isascii() and self._offered(measure)}
        alike = {key for key in known if key.lower() == asked.lower()}
        if alike:
            spelling = min(str(registry[key]) for key in alike)
            return ConfigError(f"unknown measure '{asked}'; did you mean '{spelling}'?")
        return UnknownName("measure", asked, known)

    def _offered(self, measure: Any) -> bool:
        return any(
            measure.NAME == offered.NAME
            for provider in self._library.DefaultPipeline.providers
            if provider.is_available()
            for offered in provider.SUPPORTED_MEASURES
        )

    def over(self, qrels: Qrels) -> Evaluator:
        """Make judgements ready, so that many runs can be measured against them.

        Args:
            qrels: At least one query.

        Raises:
            ConfigError: There are no judgements, or a measure refuses them; the sentence says which.
        """
        return Evaluator(self._measures, qrels)

    def evaluate(self, qrels: Qrels, run: Run) -> Evaluation:
        """Measure one run; see `Evaluator.evaluate`.

        Args:
            qrels: At least one query.
            run: Document ids by query id, best first; the order decides, there are no ties.

        Raises:
            ConfigError: There are no judgements, or a measure fails; the sentence says which.
        """
        return self.over(qrels).evaluate(run)
