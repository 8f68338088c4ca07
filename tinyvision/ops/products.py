"""Sums of products over named axes: einsum, and the products that are special cases of it.

All of them come down to one step, `_product`: two arrays whose axes have labels, and the labels that are to stay. Labels that
both have and that go are summed over, by a matrix product; labels that both have and that stay are a batch of such products.
So gradients are those of transposing, reshaping and multiplying matrices.
"""
import itertools
import math
import operator
import string
from collections import Counter

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from ..autograd import Tensor, as_tensor
from ..device import array_library
from .elementwise import multiply
from .indexing import getitem
from .linalg import matmul
from .rearranging import moveaxis
from .reduce import sum
from .shape import reshape, squeeze, transpose


def einsum(subscripts: str, *operands) -> Tensor:
    """A sum of products, in Einstein's notation: "ij,jk->ik" multiplies two matrices.

    A letter stands for an axis. Axes of the same letter run together: over those of the right-hand side there is a result, over
    all others a sum. Without "->", the right-hand side holds, in alphabetical order, the letters that occur once. A letter that
    occurs twice in one operand takes its diagonal: "ii->i", and "ii" is the trace. "..." stands for any axes further to the
    left or right, which broadcast. Spaces do not count. An axis of size 1 goes with any other size of its letter.
    https://keras.io/api/ops/numpy/#einsum-function

    Args:
        subscripts: the letters of each operand, between commas, and after "->" those of the result.
        operands: as many arrays.

    >>> einsum("ij,j->i", [[1.0, 2.0], [3.0, 4.0]], [1.0, 10.0])
    Tensor([21., 43.])
    >>> einsum("ii", [[1.0, 2.0], [3.0, 4.0]])
    Tensor(5.)
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"einsum: the subscripts are a text, 'ij,jk->ik', and operands come after it; got {subscripts!r:.60}")
    operands = [as_tensor(x) for x in operands]
    inputs, output = _parsed(subscripts, [x.shape for x in operands])
    sizes = _sizes(subscripts, inputs, operands)
    terms = [_without_repeats(x, labels) for x, labels in zip(operands, inputs)]
    terms = [_without_ones(x, labels, sizes) for x, labels in terms]
    return _summed(terms, output, sizes)


def dot(x1, x2) -> Tensor:
    """The sums over the last axis of x1 and the last but one of x2 (its only one, if there is one); a product with a number.

    https://keras.io/api/ops/numpy/#dot-function

    >>> dot([1.0, 2.0], [3.0, 4.0])
    Tensor(11.)
    """
    if not np.ndim(x1) or not np.ndim(x2):
        return multiply(x1, x2)
    x1, x2 = as_tensor(x1), as_tensor(x2)
    return _over(x1, x2, (x1.ndim - 1,), (max(x2.ndim - 2, 0),), "dot")


def tensordot(x1, x2, axes=2) -> Tensor:
    """The sums of products over pairs of axes; the other axes of x1 come first in the result, then those of x2.

    https://keras.io/api/ops/numpy/#tensordot-function

    Args:
        axes: so many of the last axes of x1 with as many of the first of x2; or two lists (numbers, where it is one axis
            each): axes of x1, and their partners in x2.

    >>> tensordot([[1.0, 2.0], [3.0, 4.0]], [1.0, 10.0], axes=1)
    Tensor([21., 43.])
    """
    x1, x2 = as_tensor(x1), as_tensor(x2)
    if not isinstance(axes, (list, tuple)):
        if not 0 <= operator.index(axes) <= min(x1.ndim, x2.ndim):
            raise ValueError(f"tensordot: as a number, axes is 0 up to what x1 {x1.shape} and x2 {x2.shape} have, got {axes}")
        axes = range(x1.ndim - axes, x1.ndim), range(axes)
    if len(axes) != 2:
        raise ValueError(f"tensordot: axes is a number, or a list of axes of x1 and one of x2; got {axes!r}")
    first, second = (normalize_axis_tuple(a if not np.ndim(a) else tuple(a), x.ndim, f"tensordot: axes of {name}")
                     for a, x, name in zip(axes, (x1, x2), ("x1", "x2")))
    return _over(x1, x2, first, second, "tensordot")


def outer(x1, x2) -> Tensor:
    """The products of each element of x1 with each of x2: (size of x1, size of x2).

    >>> outer([1.0, 2.0], [3.0, 4.0])
    Tensor([[3., 4.],
            [6., 8.]])
    """
    return multiply(reshape(x1, (-1, 1)), reshape(x2, (1, -1)))


def _over(x1, x2, axes1, axes2, name):
    """The sums of products over axes1 of x1 with axes2 of x2."""
    if [x1.shape[a] for a in axes1] != [x2.shape[a] for a in axes2]:
        raise ValueError(f"{name}: axes {axes1} of x1 {x1.shape} go with axes {axes2} of x2 {x2.shape}, but their sizes differ")
    labels1, labels2 = list(range(x1.ndim)), list(range(x1.ndim, x1.ndim + x2.ndim))
    for a, b in zip(axes1, axes2):
        labels2[b] = a
    stay = [n for n in labels1 + labels2 if (n in labels1) != (n in labels2)]
    y, labels = _product(x1, labels1, x2, labels2, stay)
    return _arranged(y, labels, stay)


# What the subscripts say --------------------------------------------------------------------------------------------------

def _parsed(subscripts, shapes):
    """The labels of the axes of each operand, and of the result. The axes of an ellipsis are -1, -2, ..., from the right."""
    left, arrow, right = "".join(subscripts.split()).partition("->")
    terms, what = left.split(","), f"einsum {subscripts!r}"
    if unknown := set(left + right).difference(string.ascii_letters, ",.") or ("," in right and {","}):
        raise ValueError(f"{what}: takes letters, commas, '...' and one '->', got {' '.join(sorted(unknown))}")
    if len(terms) != len(shapes):
        raise ValueError(f"{what}: the subscripts are for {len(terms)} operands, got {len(shapes)}")
    inputs = [_labels(term, len(shape), f"{what}: operand {i} of shape {shape}")
              for i, (term, shape) in enumerate(zip(terms, shapes))]
    hidden = sorted({n for labels in inputs for n in labels if isinstance(n, int)})
    letters = Counter(left.replace(",", "").replace(".", ""))
    if not arrow:
        return inputs, [*hidden, *sorted(n for n, times in letters.items() if times == 1)]
    if unknown := set(right) - set(letters) - {"."}:
        raise ValueError(f"{what}: the result has the letter {min(unknown)}, which no operand has")
    if twice := [n for n, times in Counter(right.replace(".", "")).items() if times > 1]:
        raise ValueError(f"{what}: the result has the letter {twice[0]} more than once")
    return inputs, _labels(right, len(right.replace(".", "")) + len(hidden) * ("." in right), f"{what}: the result")


def _labels(term, ndim, what):
    """One label for each of the axes that a term stands for."""
    before, dots, after = term.partition("...")
    hidden = ndim - len(before) - len(after)
    if "." in before + after:
        raise ValueError(f"{what}: '.' comes as '...', once in {term!r}")
    if hidden < 0 or hidden and not dots:
        raise ValueError(f"{what} has {ndim} axes, {term!r} {'at least ' * bool(dots)}{len(before + after)}")
    return [*before, *range(-hidden, 0), *after]


def _sizes(subscripts, inputs, operands):
    """The size of each label: that of its axes, of which some may be 1."""
    sizes, origin = {}, {}
    for i, (labels, x) in enumerate(zip(inputs, operands)):
        for label, n in zip(labels, x.shape):
            if sizes.get(label, 1) != 1 and n not in (1, sizes[label]):
                name = f"'{label}'" if isinstance(label, str) else "an axis of '...'"
                raise ValueError(f"einsum {subscripts!r}: {name} has size {sizes[label]} in operand {origin[label]} of shape "
                                 f"{operands[origin[label]].shape}, but {n} in operand {i} of shape {x.shape}")
            if sizes.get(label, 1) == 1:
                sizes[label], origin[label] = n, i
    return sizes


# What is done -------------------------------------------------------------------------------------------------------------

def _without_repeats(x, labels):
    """Diagonals in the place of two axes with one label."""
    labels = list(labels)
    while twice := [n for n in labels if labels.count(n) > 1]:
        i = labels.index(twice[0])
        j = labels.index(twice[0], i + 1)
        if x.shape[i] != x.shape[j]:
            raise ValueError(f"einsum: {twice[0]!r} stands for two axes of one operand, of sizes {x.shape[i]} and {x.shape[j]}")
        place = array_library(x.data).arange(x.shape[i])
        x = getitem(moveaxis(x, (i, j), (0, 1)), index=(place, place))
        labels = [twice[0], *(n for k, n in enumerate(labels) if k not in (i, j))]
    return x, labels


def _without_ones(x, labels, sizes):
    """Without the axes of size 1 whose label has another size elsewhere: they broadcast."""
    axes = tuple(a for a, n in enumerate(labels) if x.shape[a] != sizes[n])
    return (squeeze(x, axes) if axes else x), [n for a, n in enumerate(labels) if a not in axes]


def _summed(terms, output, sizes):
    """The sum over all labels but those of the output: pair by pair, first the pair with the smallest result."""
    holders = Counter(n for _, labels in terms for n in labels)
    terms = [_without_alone(x, labels, {n for n in labels if holders[n] == 1 and n not in output}) for x, labels in terms]
    while len(terms) > 1:
        stays = {(i, j): [n for n in dict.fromkeys(terms[i][1] + terms[j][1])
                          if n in output or any(n in labels for k, (_, labels) in enumerate(terms) if k not in (i, j))]
                 for i, j in itertools.combinations(range(len(terms)), 2)}
        i, j = min(stays, key=lambda pair: math.prod(sizes[n] for n in stays[pair]))
        (x1, labels1), (x2, labels2) = terms[i], terms[j]
        terms = [*(term for k, term in enumerate(terms) if k not in (i, j)), _product(x1, labels1, x2, labels2, stays[i, j])]
    x, labels = terms[0]
    return _arranged(x, labels, output)


def _without_alone(x, labels, alone):
    """The sum over the labels that no other operand and no result has."""
    axes = tuple(a for a, n in enumerate(labels) if n in alone)
    return (sum(x, axes) if axes else x), [n for n in labels if n not in alone]


def _product(x1, labels1, x2, labels2, stay):
    """The product of two arrays, summed over the labels that do not stay, which both have; and the labels of its axes."""
    both = [n for n in labels1 if n in labels2]
    batch, gone = [n for n in both if n in stay], [n for n in both if n not in stay]
    own1, own2 = [n for n in labels1 if n not in both], [n for n in labels2 if n not in both]
    sizes = {**dict(zip(labels1, x1.shape)), **dict(zip(labels2, x2.shape))}
    x1, x2 = _arranged(x1, labels1, batch + own1 + gone), _arranged(x2, labels2, batch + gone + own2)
    shape = [sizes[n] for n in batch]
    rows, inner, columns = (math.prod(sizes[n] for n in labels) for labels in (own1, gone, own2))
    if gone:
        y = matmul(_shaped(x1, (*shape, rows, inner)), _shaped(x2, (*shape, inner, columns)))
    else:
        y = multiply(_shaped(x1, (*shape, rows, 1)), _shaped(x2, (*shape, 1, columns)))
    labels = batch + own1 + own2
    return _shaped(y, tuple(sizes[n] for n in labels)), labels


def _arranged(x, labels, order):
    """x with its axes in the order of the labels."""
    return x if list(labels) == list(order) else transpose(x, tuple(labels.index(n) for n in order))


def _shaped(x, shape):
    return x if x.shape == tuple(shape) else reshape(x, tuple(shape))
