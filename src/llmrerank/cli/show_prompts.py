"""`llmrerank show prompts` and `show prompt NAME`: what is asked, and how it looks when it is sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .talk import Talk

if TYPE_CHECKING:
    from llmrerank.prompts import Prompt

__all__ = ["prompt", "prompts"]

SCHEMA = 1
QUERY = "How do cats purr?"
DOCUMENTS = (
    {"id": "d1", "title": "Purring", "text": "Cats purr by moving the muscles of the larynx."},
    {"id": "d2", "title": "Barking", "text": "Dogs bark to call for attention."},
    {"id": "d3", "title": "Singing", "text": "Most birds sing at dawn."},
)


def prompts(talk: Talk) -> None:
    r"""Show every prompt by name; a file in ./prompts hides the packaged one of its name.

    \b
      llmrerank show prompts
    """
    from llmrerank.prompts import available

    found = available()
    if talk.json:
        listed = [
            {
                "name": one.name,
                "path": one.path,
                "title": one.title,
                "form": one.form,
                "answer": one.answer,
                "labels": one.labels,
                "read": one.read,
                "source": one.source or None,
                "faults": list(one.faults),
            }
            for one in found
        ]
        talk.print_json({"schema": SCHEMA, "prompts": listed})
        return
    for one in found:
        if one.faults:
            print(f"{one.name}: broken: {'; '.join(one.faults)}")
        else:
            print(f"{one.name}: {one.title} ({one.form}, {one.answer}, {one.labels})")
            talk.more(f"  {one.path}")


def prompt(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name, or path of a prompt file")],
    talk: Talk,
    render: Annotated[bool, typer.Option("--render", help="As it is sent, about small documents")] = False,
) -> None:
    r"""Show one prompt, checked.

    \b
      llmrerank show prompt listwise --render
    """
    from llmrerank.prompts import load

    loaded = load(name)
    text = Path(loaded.contents.path).read_text(encoding="utf-8")
    messages = _rendered(loaded) if render else None
    if talk.json:
        path = loaded.contents.path
        talk.print_json({"schema": SCHEMA, "name": name, "path": path, "text": text, "messages": messages})
    elif messages is not None:
        print("\n\n".join(f"[{message['role']}]\n{message['content']}" for message in messages))
    else:
        print(text.rstrip("\n"))


def _rendered(loaded: Prompt) -> list[dict[str, str]]:
    """The messages of a call about the documents above, fence and all."""
    from llmrerank.judges import Question
    from llmrerank.types import documents_from

    documents = documents_from(DOCUMENTS)[: loaded.capacity]
    rendered = loaded.render(Question(query=QUERY), documents)
    if rendered.questions:
        asked = rendered.decision().fenced()
        questions = [
            {"role": question.name, "content": "\n".join((question.text, *question.levels))}
            for question in asked.questions
        ]
        return [{"role": "state", "content": asked.state}, *questions]
    call = rendered.call(max_tokens=1, seed=0)
    return [{"role": message.role, "content": message.content} for message in call.fenced()]
