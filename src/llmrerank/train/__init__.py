"""Teaching the cheap path: cross-encoders trained from judgements, or from the rankings of a teacher."""

from .distil import distil
from .progress import TrainingProgress
from .recipe import Recipe
from .teachers import Ranked, Teacher
from .train import train
from .trained import Forecast, Trained

__all__ = ["Forecast", "Ranked", "Recipe", "Teacher", "Trained", "TrainingProgress", "distil", "train"]
