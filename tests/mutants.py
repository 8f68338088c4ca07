"""Planted bugs, and the test that must fall for each: `python tests/mutants.py` plants them one at a time and runs that test.

A mutant is a file of the package, a piece of its text that occurs once, what takes its place, and the test. Each is applied to a
temporary copy, with a Numba cache of its own. One that survives is a missing test. `python tests/mutants.py word` runs those whose name,
file or test holds the word.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HOME = Path(__file__).parents[1]
LAWS, ORACLE, ENGINE = "test_laws.py", "parity/test_ops.py", "test_autograd.py"
LAYERS = "parity/test_layers.py"


@dataclass
class Mutant:
    """One planted bug."""
    name: str
    file: str
    old: str
    new: str
    test: str                                              # a file of tests/, and words that choose tests in it, after a colon

    def plant(self, package: Path):
        """Write the bug into a copy of the package."""
        path = package / self.file
        text = path.read_text(encoding="utf-8")
        assert text.count(self.old) == 1, f"{self.name}: {self.old!r} occurs {text.count(self.old)} times in {self.file}"
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


MUTANTS = [
    # Wrong gradients
    Mutant("multiply: its own factor", "ops/elementwise.py", "multiply.gradient(x1=lambda g, x2: g * x2,",
           "multiply.gradient(x1=lambda g, x1: g * x1,", f"{LAWS}:test_gradient and multiply"),
    Mutant("divide: sign of x2", "ops/elementwise.py", "x2=lambda g, y, x2: -g * y / x2)", "x2=lambda g, y, x2: g * y / x2)",
           f"{LAWS}:test_gradient and divide"),
    Mutant("tanh: slope", "ops/elementwise.py", "g * (1 - y * y)", "g * (1 - y)", f"{LAWS}:test_gradient and tanh"),
    Mutant("sigmoid: slope", "ops/elementwise.py", "g * (y * (1 - y))", "g * y", f"{LAWS}:test_gradient and sigmoid"),
    Mutant("relu: passes everything", "ops/in_parallel.py", "_passed(g, y, low=0, high=np.inf)", "_passed(g, y, low=-np.inf, high=np.inf)",
           f"{LAWS}:test_gradient and relu"),
    Mutant("relu: the path's own rule passes everything", "ops/elementwise.py", "g * (y > 0)", "g * (y >= 0)", "test_evening.py:rules"),
    Mutant("power: 0 ** 0 gives nan", "ops/elementwise.py", "if x2 else g * 0\n    constant", "if True else g * 0\n    constant",
           f"{ORACLE}:corners"),
    Mutant("where: the other branch", "ops/elementwise.py", "x2=lambda g, condition: where(condition, 0, g))",
           "x2=lambda g, condition: where(condition, g, 0))", f"{LAWS}:test_gradient and where"),
    Mutant("clip: outside passes too", "ops/elementwise.py", "where((x >= x_min) * (x <= x_max), g, 0)",
           "where((x >= x_min), g, 0)", f"{LAWS}:test_gradient and clip"),
    Mutant("mean: missing 1/N", "ops/reduce.py", "return spread(g / (count or 1), x_shape, axis)",
           "return spread(g, x_shape, axis)", f"{LAWS}:test_gradient and mean"),
    Mutant("var: missing factor 2", "ops/statistics.py", "g * (2 * g.size / (x.size or 1))", "g * (g.size / (x.size or 1))",
           f"{LAWS}:test_gradient and var"),
    Mutant("max: every element wins", "ops/statistics.py", "cast(x == spread(y, x.shape, axis), x.dtype)",
           "cast(x <= spread(y, x.shape, axis), x.dtype)", f"{LAWS}:test_gradient and max"),
    Mutant("logsumexp: unscaled", "ops/statistics.py", "* exp(x - spread(y, x.shape, axis)))", "* exp(x))",
           f"{LAWS}:test_gradient and logsumexp"),
    Mutant("matmul: left gradient not turned", "ops/linalg.py", "if len(x1_shape) == 1 else g) @ _turned(x2)",
           "if len(x1_shape) == 1 else g) @ x2", f"{LAWS}:test_gradient and matmul"),
    Mutant("transpose: axes not inverted", "ops/shape.py", "transpose(g, axes=_inverse(axes))", "transpose(g, axes=axes)",
           f"{LAWS}:test_gradient and transpose"),
    Mutant("take: last position wins", "ops/indexing.py", "xp.add.at(y, index, x) ", "y[index] = x ",
           f"{LAWS}:test_gradient and (take or getitem)"),
    Mutant("concatenate: pieces in reverse", "ops/indexing.py", "for start, end in zip([0, *ends], ends)]",
           "for start, end in zip([0, *ends], ends)][::-1]", f"{LAWS}:test_gradient and concatenate"),
    Mutant("softmax: sum forgotten", "ops/loss.py", "y * (g - sum(g * y, axis=axis, keepdims=True))", "y * g",
           f"{LAWS}:test_gradient and softmax"),
    Mutant("log_softmax: exp forgotten", "ops/loss.py", "g - exp(y) * sum(g, axis=axis, keepdims=True)",
           "g - y * sum(g, axis=axis, keepdims=True)", f"{LAWS}:test_gradient and log_softmax"),
    Mutant("batch normalization: mean of dy forgotten", "ops/norm.py", "(slope * m - sum_dy / n) * factor", "slope * m * factor",
           f"{LAWS}:test_gradient and batch_normalization_training"),
    Mutant("batch normalization: small ops differ", "ops/norm.py", "y = centred * (variance + epsilon) ** -0.5 * scale + offset",
           "y = centred * (variance + 2 * epsilon) ** -0.5 * scale + offset",
           f"{LAWS}:test_both_lanes and batch_normalization_training"),
    Mutant("dropout: gradient not scaled", "ops/random.py", "where(kept, g / (1 - rate), 0)", "where(kept, g, 0)",
           f"{LAWS}:test_gradient and dropout"),
    # Wrong forwards: a gradient check cannot see them
    Mutant("conv: kernel turned round", "kernels/conv/reference.py", "y = _grouped_columns(x, windows, groups) @ _kernel_matrices(kernel, groups)",
           "y = _grouped_columns(x, windows, groups) @ _kernel_matrices(kernel[::-1], groups)", f"{ORACLE}:conv"),
    Mutant("same padding on the wrong side", "kernels/windows.py", "(m // 2, m - m // 2)", "(m - m // 2, m // 2)", f"{ORACLE}:conv"),
    Mutant("same padding: one window too few", "kernels/windows.py", "-(-n // s)", "(n // s)", f"{ORACLE}:conv or pool"),
    Mutant("average pool: margins count", "ops/average_pool.py", "if windows.padded: ", "if False: ", f"{ORACLE}:average_pool or pools"),
    Mutant("variance with n - 1", "ops/statistics.py", "return x.var(axis, keepdims=keepdims)", "return x.var(axis, keepdims=keepdims, ddof=1)",
           f"{ORACLE}:test_same_as_keras and var"),
    Mutant("sigmoid overflows", "ops/elementwise.py", "xp.exp(-xp.abs(x)) ", "xp.exp(-x) ", f"{ORACLE}:sigmoid"),
    Mutant("crossentropy: not divided by the sum", "ops/fused_loss.py", "p = output / total", "p = output", f"{ORACLE}:categorical_crossentropy"),
    Mutant("crossentropy: the path's own is not divided", "ops/loss.py", "output = output / sum(output, axis=axis, keepdims=True)", "pass", "test_evening.py:rules"),
    Mutant("binary crossentropy: wrong sign of the logit", "ops/binary.py", "_softplus(output) - target * output",
           "_softplus(-output) - target * output", f"{ORACLE}:binary_crossentropy"),
    Mutant("batch normalization: epsilon outside the root", "ops/norm.py", "factor = (variance + epsilon) ** -0.5\n    factor = factor if",
           "factor = 1 / (variance ** 0.5 + epsilon)\n    factor = factor if", f"{ORACLE}:batch_normalization"),
    Mutant("Philox: one round less", "kernels/random/reference.py", "ROUNDS = 10", "ROUNDS = 9", f"{ORACLE}:philox"),
    Mutant("dropout: scaled by the rate", "kernels/random/reference.py", "x / (1 - rate), xp.zeros", "x / rate, xp.zeros", f"{ORACLE}:dropout"),
    # Off by one, or out of place, in a kernel
    Mutant("reference max pool: the last of equals", "kernels/pool/reference.py", "(pixels > y)", "(pixels >= y)",
           f"{LAWS}:test_version and max_pool"),
    Mutant("blocked conv: last block forgotten", "kernels/conv/blocked.py",
           "for row in range(part * block, N * OH, parts * block):\n            rows = min(block, N * OH - row)\n            _fill(columns, x, row, rows, shape, out, geometry)\n            np.dot",
           "for row in range(part * block, N * OH - block + 1, parts * block):\n            rows = min(block, N * OH - row)\n            _fill(columns, x, row, rows, shape, out, geometry)\n            np.dot",
           f"{LAWS}:test_version and conv_forward-blocked"),
    Mutant("blocked conv: dilation ignored", "kernels/conv/blocked.py", "at = ((n * H + i * SH + p * DH) * W + j * SW + q * DW) * C\n                    for c in range(C):\n                        columns",
           "at = ((n * H + i * SH + p) * W + j * SW + q) * C\n                    for c in range(C):\n                        columns",
           f"{LAWS}:test_version and conv_forward-blocked"),
    Mutant("blocked conv: a part overwritten", "kernels/conv/blocked.py", "total += np.dot", "total[:] = np.dot",
           f"{LAWS}:test_version and conv_kernel_gradient-blocked"),
    Mutant("winograd: a number of B", "kernels/conv/winograd.py", "[0, 4, 0, -5, 0, 1]],", "[0, 4, 0, -4, 0, 1]],",
           f"{LAWS}:test_version and conv_forward-winograd"),
    Mutant("winograd: tiles of the last chunk forgotten", "kernels/conv/winograd.py", "for t in range(0, stop - start, ROWS):\n                        product(V,",
           "for t in range(0, stop - start - ROWS, ROWS):\n                        product(V,", f"{LAWS}:test_version and conv_forward-winograd"),
    Mutant("winograd: tiles do not add up", "kernels/conv/winograd.py", "some(dx, pixel, C - c) + load(patch, k)", "load(patch, k)",
           f"{LAWS}:test_version and conv_block_backward-winograd"),
    Mutant("winograd: parts' sums lost", "kernels/conv/winograd.py", "for i in range(1, sums):", "for i in range(1, 1):",
           f"{LAWS}:test_version and conv_kernel_gradient-winograd"),
    Mutant("direct: the last row of a window forgotten", "kernels/conv/direct.py", "s, to, PANEL, KH, KW * C, no_bias, 0, False)", "s, to, PANEL, max(KH - 1, 1), KW * C, no_bias, 0, False)",
           f"{LAWS}:test_version and conv_forward-direct"),
    Mutant("direct: the odd row is pooled", "kernels/conv/direct.py", "rows, columns, panels = OH // step, OW // step,", "rows, columns, panels = OH // step, (OW + 1) // step,",
           f"{LAWS}:test_version and conv_block_forward-direct"),
    Mutant("epilogue: ReLU stops nothing", "kernels/conv/epilogue.py", "store(db, o, load(db, o) + less(where, spread(F32(4)), g, zero))", "store(db, o, load(db, o) + g)",
           f"{LAWS}:test_version and conv_block_backward"),
    Mutant("epilogue: the last of equals", "kernels/conv/epilogue.py", "less_equal(v, largest, largest, v), less_equal(v, largest, where, number)",
           "less(v, largest, largest, v), less(v, largest, where, number)", "test_kernels.py:equals"),
    Mutant("depthwise: steps ignored", "kernels/conv/depthwise.py", "i = (h - p * DH) // SH", "i = h - p * DH",
           f"{LAWS}:test_version and conv_input_gradient-depthwise"),
    Mutant("product: the inner sum begins anew", "kernels/matmul/tiled.py", "tile_rows_add(rows, a,", "tile_rows(rows, a,",
           f"{LAWS}:test_version and product-tiled"),
    Mutant("sums_about: the last block alone", "kernels/norm/by_channel.py", "of_sample += of_block", "of_sample[:] = of_block",
           f"{LAWS}:test_version and channel_moments"),
    Mutant("norm and ReLU: what was cut off counts", "kernels/norm/by_channel.py", "            if limited:\n                u = _passed(", "            if False:\n                u = _passed(",
           f"{LAWS}:test_version and affine"),
    Mutant("norm and ReLU: no limit above", "kernels/norm/by_channel.py", "less(y, spread(high), dy, zero)", "dy", f"{LAWS}:test_version and channel_sums"),
    Mutant("fusion: a normalization keeps its ReLU twice", "models/fusion.py", "norm(x, limits=limits)", "norm(x)", "test_fusion.py:normalization"),
    Mutant("moments: about the first pixel", "kernels/norm/by_channel.py", "pixels[:, ::max(1, P // SAMPLE)].mean(axis=1)", "pixels[:, 0]",
           "test_kernels.py:moments"),
    Mutant("winograd: a float64 bias", "kernels/conv/winograd.py", "_serves(windows, kernel.shape[2], x, kernel, bias)",
           "_serves(windows, kernel.shape[2], x, kernel)", f"{LAWS}:different_dtypes and block_forward"),
    Mutant("depthwise: a window without a row inside", "kernels/conv/depthwise.py", " and c + LANES <= C and p0 < p1", " and c + LANES <= C",
           f"{LAWS}:test_version and input_gradient and depthwise"),
    Mutant("choice: nothing is forgotten", "kernels/choice.py", "_chosen.clear()", "pass", "test_kernels.py:remembered"),
    Mutant("few channels: the right margin written to", "kernels/conv/few_channels.py", "w >= 0 and w + KW <= W", "w >= 0 and w + KW <= W + 1",
           f"{LAWS}:test_version and conv_input_gradient-few"),
    Mutant("few channels: the last row of a window forgotten", "kernels/conv/few_channels.py", "range(first_row, last_row)", "range(first_row, last_row - 1)",
           f"{LAWS}:test_version and conv_input_gradient-few"),
    Mutant("replay: weights are not looked at", "models/replay.py", "([w.changed for w in variables], *self._settings())", "self._settings()",
           "test_replay.py:change"),
    Mutant("replay: another Variable", "models/replay.py", "all(a is b for a, b in zip(weights, self.weights, strict=True))", "True", "test_replay.py:change"),
    Mutant("replay: float64 among the weights", "models/replay.py", "all(a.dtype == np.float32 for a in weights) and ", "", "test_replay.py:float64"),
    Mutant("replay: results share memory", "kernels/recording.py", "return self.y.copy()", "return self.y", "test_replay.py"),
    Mutant("replay: the batch of before", "kernels/recording.py", "np.copyto(self.x, x)", "pass", "test_replay.py"),
    Mutant("replay: two threads at once", "kernels/recording.py", "        with cores.all_of_them:\n            np.copyto", "        if True:\n            np.copyto", "test_replay.py:threads"),
    Mutant("gelu: the slope of the cube", "ops/activation.py", "(1 + 3 * GELU_CUBE * x * x)", "(1 + GELU_CUBE * x * x)", f"{LAWS}:test_gradient and gelu"),
    Mutant("elu: alpha forgotten on the way back", "ops/activation.py", "g * (y + alpha)", "g * (y + 1)", f"{LAWS}:test_gradient and elu"),
    Mutant("softplus: overflow", "ops/activation.py", "xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))", "xp.log1p(xp.exp(x))", f"{ORACLE}:corners"),
    Mutant("erf: its constant", "ops/mathematics.py", "2 / math.sqrt(math.pi) * exp", "math.sqrt(2 / math.pi) * exp", f"{LAWS}:test_gradient and erf"),
    Mutant("prod: the one without a partner is lost", "ops/accumulation.py", "first if not odd else", "first if True else", f"{ORACLE}:prod"),
    Mutant("cumsum: forward on the way back", "ops/accumulation.py", "flip(_cumsum(flip(g, axis=axis), axis=axis), axis=axis)", "_cumsum(g, axis=axis)",
           f"{LAWS}:test_gradient and cumsum"),
    Mutant("roll: onwards on the way back", "ops/rearranging.py", "shift=_turned(shift)", "shift=shift", f"{LAWS}:test_gradient and roll"),
    Mutant("tile: as repeat", "ops/rearranging.py", "for n in (1, size)]", "for n in (size, 1)]", f"{ORACLE}:tile"),
    Mutant("report: what is wrong passes", "reporting.py", 'all(finding.state != "WRONG" for finding in self.findings)', "True", "test_checks.py:seen_through"),
    Mutant("check_op: versions are not compared", "testing/ops.py", "for name in (None, *names):", "for name in ():", "test_checks.py:differs"),
    Mutant("check_op: dtypes of gradients alone", "testing/ops.py", 'if found[0].dtype.kind == "f":', "if False:", "test_checks.py:wrong_ops"),
    Mutant("check_layer: one try for silent units", "testing/layers.py", "range(TRIES)", "range(1)", "test_checks.py:chance"),
    Mutant("frozen: layers inside go on learning", "layers/base.py", "        if not self._trainable:\n", "        if False:\n", "test_checks.py:frozen"),
    Mutant("check: the model stays changed", "models/checkup.py", "        model.set_weights(weights)\n        model.optimizer = optimizer\n        for weight",
           "        model.optimizer = optimizer\n        for weight", "test_checks.py:sound"),
    Mutant("check: the first steps are not looked at", "models/checkup.py", "if ratios[most] > 0.1:", "if False:", "test_checks.py:seen_through"),
    Mutant("costs: steps do not widen what is seen", "models/costs.py", "seen + max(reach) * step", "seen + max(reach)", "test_seeing_inside.py:receptive"),
    Mutant("costs: a matrix product without its rows", "models/costs.py", "return x1.size * (", "return x1.shape[-1] * (", "test_seeing_inside.py:dense"),
    Mutant("profile: ops inside of rules count twice", "profiling.py", "            if not inside[0]:\n", "            if True:\n", "test_seeing_inside.py:training_step"),
    Mutant("recorder: the step is not taken apart", "callbacks/recorder.py", "_size(weight.numpy() - before)", "_size(weight.numpy())", "test_seeing_inside.py:sizes"),
    Mutant("profile: arrays are held", "profiling.py", "weakref.WeakValueDictionary()", "{}", "test_seeing_inside.py:holds"),
    Mutant("fusion: a ReLU that was changed", "models/fusion.py", "if self.unchanged() else None", "", "test_fusion.py:later"),
    Mutant("replay: a ReLU that was changed", "models/replay.py", "[chain.unchanged() for chain in self.chains], ", "", "test_fusion.py:later"),
    Mutant("prod: axes wrap around", "ops/accumulation.py", 'normalize_axis_tuple(axis, x.ndim, "prod: axis")', "[axis % x.ndim]", "test_rearranging.py:bad"),
    Mutant("graph: boxes in one row", "viz/graph.py", "max(other.row, box.row + 1)", "max(other.row, box.row)", "test_seeing_inside.py:point_down"),
    Mutant("inference: the kernel of before", "layers/fused.py", "kept[0] is not weights or ", "kept[0] is None or ", "test_kernels.py:new_weights"),
    Mutant("fast max pool: strides mixed up", "kernels/pool/by_channel.py", "w = j * SW - left\n            p0", "w = j * SH - left\n            p0",
           f"{LAWS}:test_version and max_pool"),
    Mutant("fast scatter: overlap overwritten", "kernels/pool/by_channel.py", "total = total + equal", "total = equal",
           f"{LAWS}:test_version and scatter"),
    Mutant("dropout: the limit is off by one", "kernels/random/counters.py", ">= limit", "> limit", "test_kernels.py:limit"),
    Mutant("all at once: nesterov as plain momentum", "kernels/updates.py", "step - kept * moving if nesterov else spread(F32(0)) - moving", "spread(F32(0)) - moving",
           "test_optimizers.py:at_once"),
    Mutant("a job's last part forgotten", "kernels/workers.py", "call(state[ADDRESS], left - 1, state[PARTS]", "call(state[ADDRESS], left, state[PARTS]",
           "test_kernels.py:every_part"),
    Mutant("a model's pool is fused although its input is asked for", "models/fusion.py", "uses.update(id(t) for t in outputs)", "pass",
           "test_fusion.py"),
    Mutant("fused: no gradient is left out", "ops/fused.py", "tuple(i in wanted for i in range(3))", "(True, True, True)", "test_fusion.py:asked"),
    Mutant("col2im: overlap overwritten", "kernels/windows.py", "pixels += columns[:, :, :, p]", "pixels[:] = columns[:, :, :, p]",
           f"{LAWS}:adjoint and conv"),
    # The engine
    Mutant("gradient overwritten, not added", "autograd.py", "grads[edge] = grads[edge] + ge if edge in grads else ge", "grads[edge] = ge",
           f"{ENGINE}:used_twice"),
    Mutant("leaf.grad overwritten, not added", "autograd.py", "t.grad = g if t.grad is None else t.grad + g", "t.grad = g", f"{ENGINE}:accumulate"),
    Mutant("broadcasting undone on the wrong axis", "autograd.py", "extra + i for i, n in enumerate(edge.shape) if n == 1",
           "extra + i for i, n in enumerate(edge.shape[::-1]) if n == 1", f"{LAWS}:test_gradient and (add or multiply)"),
    Mutant("float64 leaks", "op.py", "y = y.astype(floatx()) if leaks else y", "pass", f"{LAWS}:integers_alone or test_dtype"),
    Mutant("oldest first", "autograd.py", 'key=operator.attrgetter("born"), reverse=True)', 'key=operator.attrgetter("born"))',
           f"{ENGINE}:diamond or branches"),
    Mutant("nothing is freed", "autograd.py", "node.kept = None", "pass", f"{ENGINE}:frees or memory"),
    Mutant("changes in place go unnoticed", "autograd.py", "> self.born:", "> self.born + 10 ** 9:", f"{ENGINE}:change_in_place"),
    Mutant("recording goes on in backward", "autograd.py", "with _with(recording=create_graph, differentiating=None):",
           "with _with(recording=True, differentiating=None):", f"{ENGINE}:records_nothing"),
    Mutant("relu writes to its input", "ops/elementwise.py", "return array_library(x).maximum(x, 0)\n",
           "return array_library(x).maximum(x, 0, out=x)\n", f"{LAWS}:untouched and relu"),
    # Layers and training
    Mutant("moving variance unbiased", "layers/norm.py", "(1 - self.momentum) * moment)", "(1 - self.momentum) * moment * 1.01)",
           "parity/test_layers.py:moving_averages"),
    Mutant("frozen batch normalization goes on", "layers/norm.py", "training and self.trainable", "training", "test_layers.py:frozen"),
    Mutant("glorot with fan_in alone", "initializers/base.py", 'super().__init__(1.0, "fan_avg", "uniform", seed)',
           'super().__init__(1.0, "fan_in", "uniform", seed)', "test_initializers.py:named"),
    Mutant("RMSprop: epsilon after the root", "optimizers/rmsprop.py", "step = learning_rate * gradient / scale ** 0.5",
           "step = learning_rate * gradient / ((scale - self.epsilon) ** 0.5 + self.epsilon)", "parity/test_optimizers.py:steps_are and RMSprop"),
    Mutant("Adam: no bias correction", "optimizers/adam.py", "        t = self.iterations + 1\n", "        t = 10 ** 9\n", "parity/test_optimizers.py:steps_are and Adam"),
    Mutant("nesterov: as plain momentum", "optimizers/sgd.py", "self.momentum * velocity + step if self.nesterov else velocity", "velocity",
           "parity/test_optimizers.py:steps_are and SGD"),
    Mutant("the last batch counts as a full one", "training.py", "sample_weight=samples)", "sample_weight=1)", "test_training.py:keras"),
    Mutant("validation takes the first samples", "data/batching.py", "for part in (slice(first), slice(first, None))",
           "for part in (slice(self.samples - first, None), slice(self.samples - first))", "test_batching.py:split"),
    Mutant("(N,) against (N, 1) broadcasts", "losses/base.py", "if y_true.shape != y_pred.shape:", "if False:", "test_beginners_mistakes.py"),
    # Convolutions in one dimension, depthwise, transposed
    Mutant("transposed: the odd pixel cut off above", "ops/conv_transpose.py", "max((c - n) // 2, 0) for", "max((c - n + 1) // 2, 0) for",
           f"{ORACLE}:keras and conv_transpose"),
    Mutant("transposed: nothing between kernels that do not meet", "ops/conv_transpose.py", "c + max(s - r, 0) for", "c for",
           f"{ORACLE}:keras and conv_transpose"),
    Mutant("transposed: output_padding forgets even kernels", "ops/conv_transpose.py", "(r - r % 2)", "(r - 1)", f"{ORACLE}:keras and conv_transpose"),
    Mutant("transposed: dilation behind the last pixel, too", "ops/conv_transpose.py", "reach = [(k - 1) * d + 1 for", "reach = [k * d for",
           f"{ORACLE}:keras and conv_transpose"),
    Mutant("transposed: any output_padding", "ops/conv_transpose.py", "if output_padding and any(more >= s", "if output_padding and any(more > 99",
           f"{LAWS}:bad_input and output_padding"),
    Mutant("depthwise: filters of a channel apart", "ops/depthwise.py", "kernel = reshape(kernel, (*size, 1, channels * multiplier))",
           "kernel = reshape(kernel.transpose(*range(len(size)), -1, -2), (*size, 1, channels * multiplier))",
           f"{ORACLE}:keras and depthwise_conv"),
    Mutant("separable: steps twice", "ops/depthwise.py", "return conv(y, pointwise_kernel)", "return conv(y, pointwise_kernel, strides)",
           f"{ORACLE}:keras and separable_conv"),
    Mutant("Conv1D: causal without dilation", "layers/conv1d.py", "(self.kernel_size[0] - 1) * self.dilation_rate[0]", "self.kernel_size[0] - 1",
           "test_convolutions.py:causal"),
    Mutant("Conv1D: causal zeros behind", "layers/conv1d.py", "((0, 0), (before, 0), (0, 0))", "((0, 0), (0, before), (0, 0))",
           "parity/test_layers.py:output_is_that and causal"),
    Mutant("DepthwiseConv: biases of the input's channels", "layers/depthwise.py", "return channels * self.depth_multiplier", "return channels",
           "parity/test_layers.py:output_is_that and Depthwise"),
    Mutant("Conv2DTranspose: output_padding forgotten", "layers/conv_transpose.py", "self.padding, self.output_padding,", "self.padding, None,",
           "parity/test_layers.py:output_is_that and Transpose"),
    Mutant("a layer that never was built right", "layers/convolution.py", "        CHECKS[self.rank](self, SymbolicTensor(input_shape, self.dtype))\n",
           "        if len(input_shape) != self.rank + 2:\n            return\n", "test_convolutions.py:lives_on"),
    Mutant("costs: transposed convolutions are free", "models/costs.py", ', "conv_input_gradient")', ")", "test_convolutions.py:costs"),
    Mutant("global pooling: the axes dropped always", "layers/global_pool.py", "keepdims=self.keepdims", "keepdims=False", "parity/test_layers.py:output_is_that and Global"),
    Mutant("sequences: steps forgotten", "ops/one_dimension.py", "settings[name] = ALONG_THE_HEIGHT[name], *single(value, name,",
           "settings[name] = 1, *single(1, name,", f"{ORACLE}:keras and conv"),
    Mutant("a size of two for a sequence", "ops/one_dimension.py", "and len(n) == 1 else (n,)", "else (n,)", f"{LAWS}:bad_input and sequence"),
    # Arrays: products, tops, parts; normalization
    Mutant("einsum: the letters of the result are not sorted", "ops/products.py", "*sorted(n for n, times in letters.items() if times == 1)",
           "*(n for n, times in letters.items() if times == 1)", "test_products.py:implicit"),
    Mutant("einsum: a diagonal's label at the end", "ops/products.py", "[twice[0], *(n for k, n in enumerate(labels) if k not in (i, j))]",
           "[*(n for k, n in enumerate(labels) if k not in (i, j)), twice[0]]", f"{ORACLE}:einsum"),
    Mutant("einsum: sizes may differ", "ops/products.py", "n not in (1, sizes[label])", "False", "test_products.py:mistakes"),
    Mutant("einsum: the ellipsis from the left", "ops/products.py", "*range(-hidden, 0), *after", "*range(-9, hidden - 9), *after",
           f"{ORACLE}:einsum"),
    Mutant("einsum: the largest pair first", "ops/products.py", "i, j = min(stays", "i, j = max(stays", "test_products.py:long_chain"),
    Mutant("dot: the first axis of a stack", "ops/products.py", "(max(x2.ndim - 2, 0),)", "(0,)", f"{ORACLE}:dot"),
    Mutant("split: the last piece ends early", "ops/selecting.py", "ends = [0, *cuts, n]", "ends = [0, *cuts, max([*cuts, n - 1])]",
           "test_selecting.py:all_pieces"),
    Mutant("take_along_axis: the last of two gradients stays", "ops/selecting.py", "xp.add.at(y, (*places[:axis], indices, *places[axis + 1:]), x)",
           "y[(*places[:axis], indices, *places[axis + 1:])] = x", "test_selecting.py:taken_twice"),
    Mutant("top_k: the last of equals", "ops/selecting.py", 'argsort(x[..., ::-1], -1, kind="stable")\n    return (x.shape[-1] - 1 - rising[',
           'argsort(x, -1, kind="stable")\n    return (rising[', "test_selecting.py:top_k"),
    Mutant("layer normalization: the mean's part of the gradient", "kernels/norm/rows.py", "dx = dz - dz.mean(1, keepdims=True)", "dx = dz + 0",
           f"{LAWS}:test_gradient and layer_norm"),
    Mutant("layer normalization: epsilon outside the root", "kernels/norm/rows.py", "+ epsilon) ** -0.5", ") ** -0.5 + epsilon", f"{ORACLE}:layer_norm"),
    Mutant("layer normalization: axes in the order given", "ops/layer_norm.py", "axes = tuple(sorted(", "axes = tuple((", "parity/test_layers.py:LayerNorm"),
    Mutant("layer normalization: gamma forgotten on the way back", "kernels/norm/rows.py", "dy if gamma is None else dy * gamma", "dy",
           f"{LAWS}:test_gradient and layer_norm"),
    Mutant("group normalization: channels' own variances", "ops/group_norm.py", "variances + (means - mean_of_group) ** 2", "variances",
           "parity/test_layers.py:GroupNorm"),
    Mutant("group normalization: gamma outside the group's mean", "ops/group_norm.py", "_over_groups(gamma * sums, groups)", "gamma * _over_groups(sums, groups)",
           f"{LAWS}:test_gradient and group_norm"),
    Mutant("normalization by sample: the numbers of the first", "kernels/norm/by_channel.py", "n * C + c\n                if limited", "c\n                if limited",
           f"{LAWS}:test_version and channel_sums"),
    Mutant("normalization by sample: scaled as the first", "kernels/norm/by_channel.py", "some(scale, first + c, C - c)", "some(scale, c, C - c)",
           f"{LAWS}:test_version and scale_and_shift"),
    Mutant("row by row: zeros beyond the end count", "kernels/norm/row_by_row.py", " * some(ones, 0, K - k)", "", f"{LAWS}:test_version and normalized_rows"),
    Mutant("row by row: the mean's lost digits", "kernels/norm/row_by_row.py", "mean[r] = near + rest", "mean[r] = near", "test_normalization.py:digits"),
    Mutant("normalize: nan at 0", "ops/layer_norm.py", "where(zero, 1, powers)", "powers", "test_normalization.py:nothing"),
    Mutant("rms_normalization: with the mean taken off", "ops/layer_norm.py", "rsqrt(mean(x * x, axis=axes, keepdims=True)", "rsqrt(var(x, axis=axes, keepdims=True)",
           f"{ORACLE}:rms_norm"),
    Mutant("meshgrid: rows and columns mixed up", "ops/making.py", "places[:2] = 1, 0", "pass", "test_making.py:grid"),
    Mutant("linspace: without its end", "ops/making.py", "num - 1 if endpoint else num", "num", f"{ORACLE}:linspace"),
    Mutant("diagonal: below is above", "ops/diagonals.py", "return place, place + k", "return place, place + abs(k)", f"{ORACLE}:diag"),
    Mutant("tril: the gradient keeps the main diagonal", "ops/diagonals.py", "tril(g, k=k)", "tril(g)", f"{LAWS}:test_gradient and tril"),
    # Images: resizing, cropping, transforming
    # Activations, and layers without weights
    Mutant("activations: gelu as ops has it", "activations/named.py", "def gelu(x, approximate=False)", "def gelu(x, approximate=True)",
           "parity/test_activations.py:gelu"),
    Mutant("activations: relu's slope from 0 on, not from the threshold", "activations/named.py", "negative_slope * ops.relu(threshold - x)",
           "negative_slope * ops.relu(-x)", "parity/test_activations.py:relu"),
    Mutant("activations: a relu that is not fused", "activations/named.py", "return ops.relu if identifier is relu else base.get(identifier)",
           "return base.get(identifier)", "parity/test_activations.py:fuse"),
    Mutant("a function of one's own is written by its name alone", "serialization.py", "return function in BY_NAME or (", "return True or (",
           "parity/test_activations.py:stands_for_one"),
    Mutant("soft_shrink: the smaller ones stay", "ops/activation.py", "where(x < -threshold, x + threshold, 0)", "where(x < threshold, x + threshold, 0)",
           f"{ORACLE}:soft_shrink"),
    Mutant("glu: the halves change places", "ops/activation.py", "getitem(x, index=(*before, slice(half))) * sigmoid(getitem(x, index=(*before, slice(half, None))))",
           "getitem(x, index=(*before, slice(half, None))) * sigmoid(getitem(x, index=(*before, slice(half))))", f"{ORACLE}:glu"),
    Mutant("layers that join: new axes stand first", "layers/merge.py", "t.reshape(t.shape[0], *(most - t.ndim) * [1], *t.shape[1:])",
           "t.reshape(*t.shape, *(most - t.ndim) * [1])", "parity/test_layers.py:ranks"),
    Mutant("Average: divides by two", "layers/merge.py", "functools.reduce(ops.add, inputs) / len(inputs)", "functools.reduce(ops.add, inputs) / 2",
           "parity/test_layers.py:Average"),
    Mutant("Dot: the axes change places", "layers/merge.py", "zip(inputs, (a1, a2))", "zip(inputs, (a2, a1))", "parity/test_layers.py:Dot"),
    Mutant("PReLU: alpha above 0", "layers/activation.py", "ops.relu(x) - self.alpha * ops.relu(-x)", "self.alpha * ops.relu(x) - ops.relu(-x)",
           "parity/test_layers.py:PReLU"),
    Mutant("normal numbers: the angle is half a turn", "kernels/random/reference.py", "np.sqrt(-2 * np.log1p(-u)), 2 * np.pi * v",
           "np.sqrt(-2 * np.log1p(-u)), np.pi * v", "test_layers.py:gaussian_noise"),
    Mutant("noise: the step stands still", "layers/regularization.py", "        self.step += 1\n", "", "test_layers.py:noise_is_new"),
    Mutant("alpha dropout: not shifted back", "layers/regularization.py", " - scale * least * self.rate", "", "test_layers.py:alpha_dropout"),
    Mutant("GaussianDropout: the variance of what is kept", "layers/regularization.py", "math.sqrt(self.rate / (1 - self.rate))", "math.sqrt(self.rate)",
           "test_layers.py:gaussian_dropout"),
    Mutant("spatial dropout: whole rows", "layers/regularization.py", "(None, 1, 1, None), self.key", "(None, None, 1, 1), self.key",
           "test_layers.py:whole_channels"),
    Mutant("Lambda: a wrong output_shape goes unnoticed", "layers/functions.py", "m not in (None, n) for n, m", "False for n, m",
           "parity/test_functions.py:told"),
    Mutant("code in files is looked at", "serialization.py", 'if name == "__lambda__":', 'if name == "__lambda":', "parity/test_functions.py:code"),
    Mutant("Normalization: the means of the parts do not count", "layers/numerical.py", "here * (v + (m - middle) ** 2)", "here * v",
           "parity/test_adapting.py:keras_finds"),
    Mutant("Normalization: parts count alike", "layers/numerical.py", "n / (count + n), count / (count + n)", "0.5, 0.5", "parity/test_adapting.py:parts or keras_finds"),
    Mutant("Normalization: inverted without the mean", "layers/numerical.py", "x * deviation + mean if", "x * deviation if", "parity/test_layers.py:inverted"),
    Mutant("layers in order: the last way counts, not the longest", "models/ordering.py", "max(depth.get(t.call, 0), depth[call] + 1)", "depth[call] + 1",
           "parity/test_models.py:order"),
    Mutant("layers in order: the walk begins with the last input", "models/ordering.py", "for other in reversed(t.call.inputs))", "for other in t.call.inputs)",
           "parity/test_models.py:order"),
    Mutant("files: calls of models are counted from 0", "models/saving.py", "[name, call + _is_functional(t.call.layer), index]", "[name, call, index]",
           "parity/test_models.py:files"),
    # Recurrent layers and attention
    Mutant("lstm: nothing is forgotten", "ops/recurrent.py", "recurrent_activation(f) * c", "c", f"{LAYERS}:output and LSTM"),
    Mutant("gru: the update gate the other way round", "ops/recurrent.py", "return z * h + (1 - z) * activation(candidate + r * h_candidate)",
           "return (1 - z) * h + z * activation(candidate + r * h_candidate)", f"{LAYERS}:output and GRU"),
    Mutant("gru: reset after in place of before", "ops/recurrent.py", "(r * drop(h)) @ kernel[:, 2 * units:]",
           "r * (drop(h) @ kernel[:, 2 * units:])", f"{LAYERS}:output and GRU"),
    Mutant("gru: the bias of the state left out", "layers/recurrent.py", "None if self.bias is None else self.bias[1]", "None",
           f"{LAYERS}:output and GRU"),
    Mutant("rnn: never backwards", "layers/recurrent.py", "if self.go_backwards else x", "if False else x", f"{LAYERS}:output and LSTM"),
    Mutant("lstm: begins by forgetting", "layers/recurrent.py", "bias[self.units:2 * self.units] = 1", "bias[:self.units] = 1",
           "test_recurrent.py:begin"),
    Mutant("stateful: gradients into the last call", "layers/recurrent.py", "[state.detach() for state in states]", "list(states)",
           "test_recurrent.py:stateful"),
    Mutant("rnn: other features dropped in each step", "layers/recurrent.py", "(1, None, None)", "None", "test_recurrent.py:all_steps"),
    Mutant("rnn: dropped units stay dropped in the state", "ops/recurrent.py", "return z * h + (1 - z) * activation(candidate + (r",
           "return z * drop(h) + (1 - z) * activation(candidate + (r", "test_recurrent.py:one_mask"),
    Mutant("attention: no scale", "ops/attention.py", "transpose(query * scale, (0", "transpose(query, (0", f"{LAYERS}:output and MultiHead"),
    Mutant("attention: causal the other way round", "ops/attention.py", "tri(*scores.shape[2:], dtype=bool)",
           "tri(*scores.shape[2:], dtype=bool)[::-1, ::-1]", "test_attention.py:pytorch"),
    Mutant("attention: who sees nothing takes the mean", "ops/attention.py", "return where(mask, softmax(where(mask, scores, HIDDEN)), 0)",
           "return softmax(where(mask, scores, HIDDEN))", "test_attention.py:nothing"),
    Mutant("attention: heads share in another order", "ops/attention.py", "expand_dims(x, 3), (b, s, k, heads // k, h)",
           "expand_dims(x, 2), (b, s, heads // k, k, h)", f"{ORACLE}:attention"),
    Mutant("attention: the key is the query's", "layers/attention.py", "self.key_dense(key)", "self.key_dense(value)",
           f"{LAYERS}:output and MultiHead"),
    Mutant("attention: the window is one too narrow", "layers/attention.py", "< self.sliding_window", "< self.sliding_window - 1",
           f"{LAYERS}:output and MultiHead"),
    Mutant("attention: scores behind dropout", "layers/attention.py", "weights.reshape(len(y), self.num_heads",
           "self._dropped(weights, training).reshape(len(y), self.num_heads", "test_attention.py:dropout"),
    Mutant("attention: one initializer draws all kernels", "layers/attention.py", "return type(initializer).from_config(initializer.get_config()) if own",
           "return initializer if own", "test_attention.py:begin"),
    Mutant("einsum_dense: units counted as in an image's kernel", "layers/einsum_dense.py", "return matrix", "return begin",
           "test_attention.py:begin"),
    Mutant("bidirectional: outputs of the way back stay turned", "layers/wrappers.py", "ops.flip(z, axis=1)", "z",
           "test_wrappers.py:that_of_keras and both"),
    Mutant("bidirectional: states the other way round", "layers/wrappers.py", "(initial_state[:half], initial_state[half:])",
           "(initial_state[half:], initial_state[:half])", "test_wrappers.py:that_of_keras and both"),
    Mutant("embedding: one number too many", "layers/embedding.py", "(numbers < self.input_dim)", "(numbers <= self.input_dim)",
           "test_embedding.py:refused"),
    # Optimizers, schedules, callbacks
    # Losses, metrics, initializers, regularizers
    Mutant("orthogonal: the signs of QR stay", "initializers/distributions.py", "q *= np.where(np.diag(r) < 0, -1, 1)", "q *= 1", "test_initializers.py:equally"),
    Mutant("truncated normal: as wide as after the cut", "initializers/distributions.py", "return truncated_normal(self.generator(), shape)",
           "return truncated_normal(self.generator(), shape) / 0.88", "test_initializers.py:no_shape"),
    Mutant("orthogonal penalty: with the diagonal", "regularizers.py", "Tensor(1 - array_library(x.data).eye(n, dtype=x.dtype))", "1", "parity/test_regularizers.py:cost"),
    Mutant("max norm: small weights grow, too", "constraints.py", "super().__init__(max_value=max_value, axis=axis)",
           "super().__init__(min_value=max_value, max_value=max_value, axis=axis)", "parity/test_regularizers.py:weights"),
    Mutant("losses: weights count twice", "losses/base.py", "values = values * sample_weight", "values = values * sample_weight * sample_weight",
           "parity/test_losses.py:values_and and mae"),
    Mutant("losses: weights from the right", "losses/base.py", "weights.shape + (1,) * (values.ndim - weights.ndim)",
           "(1,) * (values.ndim - weights.ndim) + weights.shape", "test_losses.py:reach"),
    Mutant("losses: the mean over all, ignored or not", "losses/ignoring.py", "if self.reduction in", "if False and self.reduction in",
           "test_losses.py:trace"),
    Mutant("huber: the line begins too high", "losses/regression.py", "delta * size - 0.5 * delta ** 2", "delta * size", "parity/test_losses.py:values_and and huber"),
    Mutant("focal: the power forgotten", "losses/focal.py", "(1 - of_label) ** gamma", "(1 - of_label)", "parity/test_losses.py:values_and and focal"),
    Mutant("tversky: the weights of errors changed places", "losses/overlap.py", "missed * alpha + too_much * beta", "missed * beta + too_much * alpha",
           "parity/test_losses.py:values_and and tversky"),
    # Training with weights, several inputs and outputs
]


def survives(mutant: Mutant) -> bool:
    """Whether the named test passes in spite of the bug."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("tinyvision", "tests"):
            shutil.copytree(HOME / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        for name in "setup.cfg", "README.md":
            shutil.copy(HOME / name, copy)
        mutant.plant(copy / "tinyvision")
        file, _, words = mutant.test.partition(":")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"tests/{file}", *(["-k", words] if words else [])]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True,
                              env={**os.environ, "NUMBA_CACHE_DIR": str(copy / "cache"), "PYTHONPATH": str(copy)})
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{mutant.name}: {mutant.test} did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("word", nargs="?", default="", help="only the mutants whose name, file or test holds this word")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    chosen = [m for m in MUTANTS if options.word in f"{m.name} {m.file} {m.test}"]
    with ThreadPoolExecutor(options.processes) as pool:
        alive = []
        for mutant, survived in zip(chosen, pool.map(survives, chosen)):
            print(f"{'SURVIVES' if survived else 'killed  '}  {mutant.name}  ({mutant.test})", flush=True)
            alive += [mutant] if survived else []
    print(f"{len(chosen) - len(alive)} of {len(chosen)} planted bugs were found")
    sys.exit(bool(alive))


if __name__ == "__main__":
    main()
