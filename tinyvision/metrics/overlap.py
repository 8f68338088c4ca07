"""How well maps of classes cover each other: intersection over union. https://keras.io/api/metrics/segmentation_metrics/"""
import numpy as np

from .. import ops
from ..autograd import as_tensor, to_numpy
from ..losses.base import fitted, matched
from .accuracy import class_numbers
from .base import Metric


class IoU(Metric):
    """The mean over some classes of both / (target + prediction - both): pixels, or their weight, that each covers.

    A class that neither has does not count. https://keras.io/api/metrics/segmentation_metrics/#iou-class

    Args:
        num_classes: how many classes there are.
        target_class_ids: the classes that count, a list.
        name: in logs.
        ignore_class: a class number (255, or -1) of targets whose pixels do not count.
        sparse_y_true: whether targets are class numbers; else one-hot.
        sparse_y_pred: whether predictions are class numbers; else a score for each class.
        axis: of the classes, where they are not sparse.

    >>> IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])
    0.3333333333333333
    """
    direction = "up"

    def __init__(self, num_classes, target_class_ids, name=None, ignore_class=None, sparse_y_true=True, sparse_y_pred=True,
                 axis=-1):
        super().__init__(name)
        self.num_classes, self.target_class_ids = num_classes, list(target_class_ids)
        class_numbers(np.array(self.target_class_ids), num_classes, f"{type(self).__name__}: target_class_ids")
        self.ignore_class, self.sparse_y_true, self.sparse_y_pred, self.axis = ignore_class, sparse_y_true, sparse_y_pred, axis
        self.reset_state()

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = as_tensor(y_true), as_tensor(y_pred).detach()
        y_true = y_true if self.sparse_y_true else ops.argmax(y_true, axis=self.axis)
        y_pred = y_pred if self.sparse_y_pred else ops.argmax(y_pred, axis=self.axis)
        y_true, y_pred = matched(y_true, y_pred)
        weights = fitted(1.0 if sample_weight is None else sample_weight, ops.cast(y_true, "float64"))
        y_true, y_pred, weights = (to_numpy(t) for t in (y_true, y_pred, weights))
        counts = np.full(y_true.shape, True) if self.ignore_class is None else y_true != self.ignore_class
        y_true, y_pred, weights = y_true[counts], y_pred[counts], np.broadcast_to(weights, counts.shape)[counts]
        hint = "" if self.ignore_class is not None else " (ignore_class leaves one out)"
        class_numbers(y_true, self.num_classes, f"{type(self).__name__}: the targets{hint}")
        class_numbers(y_pred, self.num_classes, f"{type(self).__name__}: the predictions")
        places = y_true.astype(int) * self.num_classes + y_pred.astype(int)
        self.confusion += np.bincount(places, weights, self.num_classes ** 2).reshape(self.confusion.shape)

    def result(self):
        both = np.diag(self.confusion)
        either = self.confusion.sum(axis=0) + self.confusion.sum(axis=1) - both
        there = [i for i in self.target_class_ids if either[i] > 1e-9]
        return float(np.mean(both[there] / either[there])) if there else 0.0

    def reset_state(self):
        self.confusion = np.zeros((self.num_classes, self.num_classes))    # row: the target's class; column: the prediction's


class BinaryIoU(IoU):
    """`IoU` of labels 0 and 1, and predictions that a threshold divides. https://keras.io/api/metrics/segmentation_metrics/

    Args:
        target_class_ids: the classes that count: (0, 1), (0,) or (1,).
        threshold: predictions from it on are taken as 1.
        name: in logs.
    """

    def __init__(self, target_class_ids=(0, 1), threshold=0.5, name=None):
        super().__init__(2, target_class_ids, name)
        self.threshold = threshold

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(y_true, ops.cast(as_tensor(y_pred).detach() >= self.threshold, "float32"), sample_weight)


class MeanIoU(IoU):
    """`IoU` of all classes. https://keras.io/api/metrics/segmentation_metrics/#meaniou-class

    Args: as for `IoU`.
    """

    def __init__(self, num_classes, name=None, ignore_class=None, sparse_y_true=True, sparse_y_pred=True, axis=-1):
        super().__init__(num_classes, range(num_classes), name, ignore_class, sparse_y_true, sparse_y_pred, axis)


class OneHotIoU(IoU):
    """`IoU` of one-hot targets. https://keras.io/api/metrics/segmentation_metrics/#onehotiou-class

    Args: as for `IoU`.
    """

    def __init__(self, num_classes, target_class_ids, name=None, ignore_class=None, sparse_y_pred=False, axis=-1):
        super().__init__(num_classes, target_class_ids, name, ignore_class, False, sparse_y_pred, axis)


class OneHotMeanIoU(MeanIoU):
    """`IoU` of all classes, of one-hot targets. https://keras.io/api/metrics/segmentation_metrics/#onehotmeaniou-class

    Args: as for `IoU`.
    """

    def __init__(self, num_classes, name=None, ignore_class=None, sparse_y_pred=False, axis=-1):
        super().__init__(num_classes, name, ignore_class, False, sparse_y_pred, axis)
