"""Regularizers and constraints by themselves: functions of one's own, float32, corner cases, errors."""
import numpy as np
import pytest

import tinyvision as tv
from tinyvision import constraints, ops, regularizers

W = np.random.default_rng(0).standard_normal((4, 3)).astype("float32")


@pytest.mark.parametrize("make", [regularizers.L1, regularizers.L2, regularizers.L1L2, regularizers.OrthogonalRegularizer])
def test_float32_stays_float32(make):
    w = tv.tensor(W, requires_grad=True)
    cost = make()(w)
    assert cost.dtype == np.float32
    cost.backward()
    assert w.grad.dtype == np.float32


@pytest.mark.parametrize("make", [constraints.MaxNorm, constraints.NonNeg, constraints.UnitNorm, constraints.MinMaxNorm])
def test_constraints_hold_afterwards(make):
    w = make()(W)
    assert w.dtype == np.float32 and w.shape == W.shape
    norms = np.linalg.norm(w.numpy(), axis=0)
    assert {"MaxNorm": (norms <= 2).all(), "NonNeg": (w.numpy() >= 0).all(), "UnitNorm": np.allclose(norms, 1),
            "MinMaxNorm": (norms <= 1).all()}[make.__name__]
    np.testing.assert_allclose(make()(w).numpy(), w.numpy(), rtol=1e-6)                    # what is allowed stays


def test_orthogonal_rows_cost_nothing():
    cost = regularizers.OrthogonalRegularizer(1.0)
    np.testing.assert_allclose(cost(np.eye(3) * 7).item(), 0, atol=1e-12)
    np.testing.assert_allclose(cost(np.ones((3, 2))).item(), 1, rtol=1e-12)                # all parallel: the whole factor
    assert cost(np.ones((1, 5))).item() == 0               # there are no two rows
    w = tv.tensor(np.array([[0.0, 0.0], [1.0, 2.0]]), requires_grad=True)                  # a row without direction
    cost(w).backward()
    assert np.isfinite(w.grad.numpy()).all()


def test_ones_own():
    class Far(regularizers.Regularizer):
        def __call__(self, x):
            return ops.sum(ops.square(x - 1))

    def halved(w):
        return w / 2

    assert regularizers.get(Far)(tv.tensor([0.0, 3.0])).item() == 5 and regularizers.get(ops.sum)([1.0, 2.0]).item() == 3
    assert constraints.get(halved) is halved
    np.testing.assert_array_equal(constraints.Constraint()(W), W)
    with pytest.raises(NotImplementedError, match="Regularizer must define __call__"):
        regularizers.Regularizer()(W)


@pytest.mark.parametrize("make, message", [
    (lambda: regularizers.L1(-1), "L1: l1 is a number of at least 0, got -1"),
    (lambda: regularizers.L2("much"), "L2: l2 is a number of at least 0, got 'much'"),
    (lambda: regularizers.L1L2(l2=float("nan")), "L1L2: l2 is a number of at least 0, got nan"),
    (lambda: regularizers.OrthogonalRegularizer(mode="both"), "mode is 'rows' or 'columns', not 'both'"),
    (lambda: regularizers.OrthogonalRegularizer()(np.ones((3, 3, 1))), "for matrices.*shape \\(3, 3, 1\\)"),
    (lambda: regularizers.get("l3"), "unknown regularizer 'l3'"),
    (lambda: constraints.MaxNorm(-1), "MaxNorm: norms go from 0 on.*max_value=-1"),
    (lambda: constraints.MinMaxNorm(2, 1), "min_value is at most max_value; got min_value=2 and max_value=1"),
    (lambda: constraints.MinMaxNorm(rate=2), "rate lies between 0 and 1, got 2"),
    (lambda: constraints.get("max_nrm"), "did you mean 'max_norm'"),
], ids=range(10))
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
