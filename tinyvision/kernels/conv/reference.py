"""Convolution and its two gradients as the textbook has them: im2col and one matrix product.

Shapes: x (N, H, W, C), kernel (KH, KW, C / groups, F), y and dy (N, OH, OW, F); channels last, as everywhere.

With the columns X (N * OH * OW, KH * KW * C) of all windows, and the kernel as a matrix K (KH * KW * C, F):

    forward            Y  = X K
    input gradient     dX = dY K^T,  each column then added back to the pixels it came from (col2im)
    kernel gradient    dK = X^T dY

The three are adjoint: <dy, conv(x, k)> = <conv_input_gradient(dy, k), x> = <conv_kernel_gradient(x, dy), k>.
"""
from ..registry import kernel as kernel_of_versions


@kernel_of_versions
def conv_forward(x, kernel, windows):
    """y[n, i, j, f] = sum over p, q, c of x[n, i s + p d, j s + q d, c] kernel[p, q, c, f], s the stride, d the dilation."""
    groups = x.shape[3] // kernel.shape[2]
    y = _grouped_columns(x, windows, groups) @ _kernel_matrices(kernel, groups)
    return _join(y, groups).reshape(len(x), *windows.output, kernel.shape[3])


@kernel_of_versions
def conv_input_gradient(dy, kernel, windows, groups):
    """The gradient that reaches x: the adjoint of conv_forward in x. dy (N, OH, OW, F) -> (N, H, W, C)."""
    kh, kw, c, f = kernel.shape
    columns = _split(dy.reshape(-1, f), groups) @ _kernel_matrices(kernel, groups).swapaxes(1, 2)   # (groups, M, KH KW C)
    columns = columns.reshape(groups, -1, kh * kw, c).transpose(1, 2, 0, 3)
    return windows.scatter(columns.reshape(*dy.shape[:3], kh * kw, groups * c))


@kernel_of_versions
def conv_kernel_gradient(x, dy, windows, groups):
    """The gradient that reaches the kernel: the adjoint of conv_forward in the kernel. -> (KH, KW, C / groups, F)."""
    c, f = x.shape[3] // groups, dy.shape[3]
    dk = _grouped_columns(x, windows, groups).swapaxes(1, 2) @ _split(dy.reshape(-1, f), groups)    # (groups, KH KW C, F)
    return _join(dk, groups).reshape(*windows.size, c, f)


def _grouped_columns(x, windows, groups):
    """The columns of each group of channels: (groups, N OH OW, KH KW C / groups)."""
    columns = windows.gather(x)
    c, positions = x.shape[3] // groups, columns.shape[3]
    m = columns.size // max(positions * x.shape[3], 1)
    return columns.reshape(m, positions, groups, c).transpose(2, 0, 1, 3).reshape(groups, m, positions * c)


def _kernel_matrices(kernel, groups):
    """(KH, KW, C / groups, F) -> a matrix for each group, (groups, KH KW C / groups, F / groups)."""
    kh, kw, c, f = kernel.shape
    return _split(kernel.reshape(kh * kw * c, f), groups)


def _split(matrix, groups):
    """(M, F) -> (groups, M, F / groups)."""
    return matrix.reshape(len(matrix), groups, matrix.shape[1] // groups).transpose(1, 0, 2)


def _join(matrices, groups):
    """(groups, M, F / groups) -> (M, F)."""
    return matrices.transpose(1, 0, 2).reshape(matrices.shape[1], groups * matrices.shape[2])
