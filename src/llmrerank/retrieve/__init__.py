"""First stages: fast retrieval that feeds a reranker."""
