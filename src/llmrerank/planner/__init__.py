"""Plan a pipeline for a collection and a latency: measured here, judged by a dataset, chosen by expectation.

```python
measurements = measure(dataset, docs=10_000_000)
made = plan(measurements, docs=10_000_000, latency=1.0)
print(made.chosen.pipeline, made.chosen.p95.value, made.chosen.p95.basis)
```
"""

from .basis import Basis, Figure
from .law import Law, Projection, fit_law, projected
from .measure import ameasure, measure
from .measurements import Measurements
from .outlook import Outlook, outlook
from .plan import Plan, Rejected, plan

__all__ = [
    "Basis",
    "Figure",
    "Law",
    "Measurements",
    "Outlook",
    "Plan",
    "Projection",
    "Rejected",
    "ameasure",
    "fit_law",
    "measure",
    "outlook",
    "plan",
    "projected",
]
