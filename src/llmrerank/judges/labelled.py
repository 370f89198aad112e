"""What judges share that ask for one label: the prompt they need, and how a label is read in words."""

from __future__ import annotations

from llmrerank.answers import Answer, read
from llmrerank.calls import Reply
from llmrerank.errors import ConfigError
from llmrerank.passages import FLOOR
from llmrerank.prompts import Prompt, load

__all__ = ["label_of", "prompt_of_label"]


def prompt_of_label(name: str, *, judge: str, read: str, passage_tokens: int) -> Prompt:
    """Load the prompt of a judge that is named like its form and see that it asks for one label.

    Args:
        name: Name or path of the prompt.
        judge: `setwise` or `pairwise`.
        read: How the judge was told to read answers.
        passage_tokens: Tokens of each document on average.

    Raises:
        ConfigError: It asks for something else, `passage_tokens` is below `passages.FLOOR`, or
            log-probabilities are to tell more numbers apart than one token can.
        PromptError: The file breaks its contract.
    """
    if passage_tokens < FLOOR:
        raise ConfigError(f"'{judge}': passage_tokens must be {FLOOR} or more, got {passage_tokens}")
    prompt = load(name)
    contents = prompt.contents
    if (contents.form, contents.answer) != (judge, "label"):
        raise ConfigError(
            f"the prompt '{name}' asks for form '{contents.form}' and answer '{contents.answer}', and "
            f"'{judge}' reads form '{judge}' and answer 'label'; run `llmrerank show prompts`"
        )
    if read == "logprobs" and contents.labels == "numbers" and prompt.capacity is None:
        raise ConfigError(
            f"read='logprobs' needs a prompt with labels = \"letters\"; '{name}' has numbers, which may be "
            "several tokens; use read='text'"
        )
    return prompt


def label_of(reply: Reply, prompt: Prompt, *, count: int) -> Answer:
    """The label that a reply names in words."""
    return read(
        reply.text,
        answer=prompt.contents.answer,
        count=count,
        labels=prompt.contents.labels,
        finish_reason=reply.finish_reason,
    )
