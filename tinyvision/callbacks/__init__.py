"""What happens around training steps, with the names and arguments of Keras."""
from .averages import SwapEMAWeights
from .backup import BackupAndRestore
from .base import Callback, History, ProgressBar
from .monitor import EarlyStopping, ModelCheckpoint
from .rates import LearningRateScheduler, ReduceLROnPlateau
from .recorder import Recorder
from .small import CSVLogger, LambdaCallback, TerminateOnNaN
