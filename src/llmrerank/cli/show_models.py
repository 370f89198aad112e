"""`llmrerank show models`: models by task, language, size and licence."""

from __future__ import annotations

from .grid import print_grid
from .talk import Talk

__all__ = ["models"]

SCHEMA = 1


def models(talk: Talk) -> None:
    r"""Show well-known models: what uses them, languages, size, tokens read, licence.

    \b
      llmrerank show models
    """
    from llmrerank.model_facts import KNOWN

    if talk.json:
        listed = [
            {
                "name": fact.name,
                "task": fact.task,
                "use": fact.use,
                "languages": fact.languages,
                "scripts": list(fact.scripts) or None,
                "parameters_millions": fact.parameters,
                "tokens": fact.tokens,
                "licence": fact.licence,
                "note": fact.note or None,
                "source": fact.source,
            }
            for fact in KNOWN
        ]
        talk.print_json({"schema": SCHEMA, "models": listed})
        return
    rows = [
        (
            fact.name,
            fact.use,
            fact.languages,
            fact.licence,
            fact.note.replace("`", "'"),
            fact.size,
            str(fact.tokens),
        )
        for fact in KNOWN
    ]
    print_grid(("model", "use as", "languages", "licence", "note", "size", "reads"), rows, left=5)
    talk.say("facts from the cards at https://huggingface.co/MODEL; any other model works as well")
