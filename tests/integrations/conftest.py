"""What tests of adapters share: no telemetry, a judge on loopback, and documents it puts in a known order."""

import os

import pytest

# Read when haystack is first imported, and langchain's tracer when the first runnable runs.
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
os.environ["LANGCHAIN_TRACING_V2"] = "false"
os.environ["LANGSMITH_TRACING"] = "false"

from llmrerank.testing.stub_server import StubServer


@pytest.fixture
def turning():
    """An endpoint that turns every list of three round."""
    with StubServer(lambda body: "[3] > [2] > [1]") as server:
        yield server
