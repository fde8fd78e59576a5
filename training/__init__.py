"""Makes bundles: `train` on a catalog at a date, `evaluate` on what came after."""

from training.config import TrainConfig
from training.evaluate import evaluate
from training.run import Trained, train

__all__ = ["TrainConfig", "Trained", "evaluate", "train"]
