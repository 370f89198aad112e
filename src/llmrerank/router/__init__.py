"""Which arm of a route a query takes: features, deciders, and how a decider is learnt and judged."""
