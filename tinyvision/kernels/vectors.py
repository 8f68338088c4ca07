"""Explicit vectors: the few machine-level pieces that the fast convolutions are made of.

A compiler that is left alone uses half of the widest registers, gives up on loops that mix floats with bytes, and cannot keep
a block of a matrix product in registers. So here a vector is a type of its own, `vec`, LANES floats that live in one register:

    v = load(x, i) + load(bias, o)                         # LANES floats of the flat array x, from element i on
    store(y, i, less(v, zero, zero, v))                    # max(v, 0), which keeps NaN

and two functions do all the arithmetic of a convolution:

    register_tile(rows, add)       C (+)= A B, a block of a matrix product that stays in registers: `rows` by 2 LANES numbers
    sandwich(matrix, add)          Y (+)= A X A^T with a small constant A, for LANES channels at once: Winograd's transforms

Each of these is an "intrinsic": a function that tells Numba which LLVM instructions to emit. Arrays are flat and C-contiguous;
nothing here checks an index. On a machine without AVX-512 a vector is as wide as its registers are.
"""
import operator

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils, config
from numba.extending import intrinsic, models, overload, register_jitable, register_model

F32 = np.float32
INT, I32, BYTE, FLOAT = ir.IntType(64), ir.IntType(32), ir.IntType(8), ir.FloatType()


def _features():
    """What the processor that Numba compiles for can do: "avx512f", "avx2", "neon", ..."""
    if config.CPU_NAME:                                    # Numba was told to compile for another processor than this one
        wide = {"skylake-avx512": "avx512f", "znver4": "avx512f", "haswell": "avx2", "znver2": "avx2", "znver3": "avx2"}
        return {wide.get(config.CPU_NAME, "baseline")}
    return {name for name, has in llvmlite.binding.get_host_cpu_features().items() if has}


def _shape_of_tiles(features):
    """(floats in a register, rows of a tile): a tile's sums fill half of the registers, the rest holds its operands.

    32 registers of 16 floats with AVX-512, 16 of 8 with AVX, 32 of 4 on ARM, 16 of 4 on other machines.
    """
    if "avx512f" in features:
        return 16, 8
    if "avx" in features or "avx2" in features:
        return 8, 4
    return 4, 8 if "neon" in features else 4


TRIPLE = llvmlite.binding.get_default_triple()
X86, ARM = TRIPLE.startswith(("x86", "i686")), TRIPLE.startswith(("aarch64", "arm64"))
LANES, ROWS = _shape_of_tiles(_features())
PANEL = 2 * LANES                                          # columns of a register tile
VECTOR, BYTES, MASK = ir.VectorType(FLOAT, LANES), ir.VectorType(BYTE, LANES), ir.VectorType(ir.IntType(1), LANES)


inner = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)          # for what only compiled code calls


@register_jitable
def round_up(n, m):
    """The smallest multiple of m that is not below n."""
    return (n + m - 1) // m * m


# The type ------------------------------------------------------------------------------------------------------------------

class Vector(types.Type):
    """Numba's type for LANES floats in a register."""

    def __init__(self):
        super().__init__("vector")


vec = Vector()


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """How such a value is represented: as LLVM's vector."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, VECTOR)


def _data(context, builder, kind, array):
    return context.make_array(kind)(context, builder, array).data


def _place(builder, data, index, kind=VECTOR):
    """A pointer to a whole vector at an element of an array."""
    return builder.bitcast(builder.gep(data, [index]), kind.as_pointer())


def _constant(number):
    return ir.Constant(VECTOR, [float(number)] * LANES)


def _spread(builder, number):
    """A vector that holds one number in all its lanes."""
    nothing = ir.Constant(ir.VectorType(number.type, LANES), ir.Undefined)
    first = builder.insert_element(nothing, number, I32(0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(I32, LANES), [0] * LANES))


def llvm_function(builder, name, result, *arguments):
    """LLVM's own function of that name."""
    return cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, arguments), name)


def _multiply_add(builder):
    return llvm_function(builder, f"llvm.fma.v{LANES}f32", VECTOR, VECTOR, VECTOR, VECTOR)


# Memory --------------------------------------------------------------------------------------------------------------------

def _lanes_below(builder, count):
    """A mask of the first `count` lanes."""
    numbers = ir.Constant(ir.VectorType(I32, LANES), list(range(LANES)))
    return builder.icmp_signed("<", numbers, _spread(builder, builder.trunc(count, I32)))


@intrinsic
def load(typing_context, array, index):
    """LANES elements of a flat array from `index` on; bytes become floats."""
    def generate(context, builder, signature, arguments):
        data = _data(context, builder, signature.args[0], arguments[0])
        if signature.args[0].dtype == types.float32:
            return builder.load(_place(builder, data, arguments[1]), align=4)
        return builder.uitofp(builder.load(_place(builder, data, arguments[1], BYTES), align=1), VECTOR)
    return vec(array, types.intp), generate


@intrinsic
def store(typing_context, array, index, vector):
    """array[index:index + LANES] = vector; an array of bytes takes the whole numbers 0 to 255."""
    def generate(context, builder, signature, arguments):
        data = _data(context, builder, signature.args[0], arguments[0])
        if signature.args[0].dtype == types.float32:
            builder.store(arguments[2], _place(builder, data, arguments[1]), align=4)
        else:
            builder.store(builder.fptoui(arguments[2], BYTES), _place(builder, data, arguments[1], BYTES), align=1)
        return context.get_dummy_value()
    return types.void(array, types.intp, vec), generate


@intrinsic
def load_some(typing_context, array, index, count):
    """The first `count` of the elements that `load` would give; 0 in the other lanes, whose memory is not touched."""
    def generate(context, builder, signature, arguments):
        kind, name = (VECTOR, "f32") if signature.args[0].dtype == types.float32 else (BYTES, "i8")
        place = _place(builder, _data(context, builder, signature.args[0], arguments[0]), arguments[1], kind)
        function = llvm_function(builder, f"llvm.masked.load.v{LANES}{name}.p0v{LANES}{name}",
                                 kind, kind.as_pointer(), I32, MASK, kind)
        found = builder.call(function, [place, I32(kind.element.get_abi_size(context.target_data)),
                                        _lanes_below(builder, arguments[2]), ir.Constant(kind, None)])
        return found if kind == VECTOR else builder.uitofp(found, VECTOR)
    return vec(array, types.intp, types.intp), generate


@intrinsic
def store_some(typing_context, array, index, vector, count):
    """`store` for the first `count` lanes alone."""
    def generate(context, builder, signature, arguments):
        value, kind, name = arguments[2], VECTOR, "f32"
        if signature.args[0].dtype != types.float32:
            value, kind, name = builder.fptoui(value, BYTES), BYTES, "i8"
        place = _place(builder, _data(context, builder, signature.args[0], arguments[0]), arguments[1], kind)
        function = llvm_function(builder, f"llvm.masked.store.v{LANES}{name}.p0v{LANES}{name}",
                                 ir.VoidType(), kind, kind.as_pointer(), I32, MASK)
        builder.call(function, [value, place, I32(kind.element.get_abi_size(context.target_data)),
                                _lanes_below(builder, arguments[3])])
        return context.get_dummy_value()
    return types.void(array, types.intp, vec, types.intp), generate


@inner
def some(array, i, count):
    """`load`, or `load_some` where fewer than LANES channels are left."""
    return load(array, i) if count >= LANES else load_some(array, i, count)


@inner
def put_some(array, i, vector, count):
    """`store`, or `store_some` where fewer than LANES channels are left."""
    if count >= LANES:
        store(array, i, vector)
    else:
        store_some(array, i, vector, count)


# Arithmetic ----------------------------------------------------------------------------------------------------------------

@intrinsic
def spread(typing_context, number):
    """A float in all lanes."""
    return vec(types.float32), lambda context, builder, signature, arguments: _spread(builder, arguments[0])


def _binary(name):
    @intrinsic
    def function(typing_context, a, b):
        return vec(vec, vec), lambda context, builder, signature, arguments: getattr(builder, name)(*arguments)
    return function


def _chosen_where(comparison):
    """select(a ? b, x, y), lane by lane."""
    @intrinsic
    def function(typing_context, a, b, x, y):
        def generate(context, builder, signature, arguments):
            a, b, x, y = arguments
            return builder.select(builder.fcmp_ordered(comparison, a, b), x, y)
        return vec(vec, vec, vec, vec), generate
    return function


less, less_equal, equal = map(_chosen_where, ("<", "<=", "=="))      # less(a, b, x, y): x where a < b, else y; so with NaN


@inner
def within(v, low, high):
    """v, held between two numbers; NaN stays NaN."""
    v = less(v, spread(low), spread(low), v)
    return less(spread(high), v, spread(high), v)


def _operator(symbol, name):
    """Let vectors be written with +, -, * and /."""
    function = _binary(name)

    @overload(symbol)
    def meaning(a, b):
        return (lambda a, b: function(a, b)) if a is vec and b is vec else None


for symbol, name in (operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul"), (operator.truediv, "fdiv"):
    _operator(symbol, name)


@intrinsic
def square_root(typing_context, a):
    """The square root, lane by lane."""
    def generate(context, builder, signature, arguments):
        return builder.call(llvm_function(builder, f"llvm.sqrt.v{LANES}f32", VECTOR, VECTOR), arguments)
    return vec(vec), generate


@intrinsic
def total(typing_context, a):
    """The sum of all lanes: the upper half onto the lower, until one is left."""
    def generate(context, builder, signature, arguments):
        v, n = arguments[0], LANES
        while n > 1:
            n //= 2
            upper = ir.Constant(ir.VectorType(I32, LANES), [*range(n, 2 * n), *[0] * (LANES - n)])
            v = builder.fadd(v, builder.shuffle_vector(v, v, upper))
        return builder.extract_element(v, I32(0))
    return types.float32(vec), generate


@intrinsic
def multiply_add(typing_context, a, b, c):
    """a * b + c, rounded once."""
    def generate(context, builder, signature, arguments):
        return builder.call(_multiply_add(builder), arguments)
    return vec(vec, vec, vec), generate


# A block of a matrix product -----------------------------------------------------------------------------------------------

def _loop(builder, count, values, body):
    """Emit `for _ in range(count): values = body(values)`, for a count of 1 or more; returns the last values."""
    before, start, after = builder.block, builder.append_basic_block(), builder.append_basic_block()
    builder.branch(start)
    builder.position_at_end(start)
    held = [builder.phi(value.type) for value in [count, *values]]         # the first counts
    new = [builder.add(held[0], INT(1)), *body(held[1:])]
    for phi, first, last in zip(held, [INT(0), *values], new):
        phi.add_incoming(first, before)
        phi.add_incoming(last, builder.block)
    builder.cbranch(builder.icmp_signed("<", new[0], count), start, after)
    builder.position_at_end(after)
    return new[1:]


def register_tile(rows, add=False, groups=1, finish=False):
    """An intrinsic that computes a block of a matrix product, `rows` by PANEL numbers, all of which stay in registers:

        c[ci + r crs + v] (+)= sum over s < S, k < K of a[ai + r ars + s ass + k aks] b[bi + (s K + k) bks + v]

    for r < rows, v < PANEL; with `add` it adds that to what is there: a long sum in several pieces rounds less. S and K are 1
    or more. The two sums let A be read from an image as it lies: a row of a window is K numbers in memory, and `ass` leads to
    the next row. For each k it loads 2 vectors of B, spreads each of `rows` numbers of A over a vector, and multiplies and
    adds 2 rows times: 2 PANEL rows floating-point operations for rows + 2 loads.

    With several `groups` of rows, one more argument at the end says how far apart in A the groups begin. With `finish` there
    are three more: a bias, where in it to begin, and the most that a ReLU behind it lets through, 0 if there is none.
    """
    def typed(a, b, c, *more):
        return types.void(a, *[types.intp] * 4, b, *[types.intp] * 2, c, *[types.intp] * 4, *more)

    def finished(context, builder, signature, sums, bias, o, limit):
        place = _data(context, builder, signature.args[-3], bias)
        biases = [builder.load(_place(builder, place, builder.add(o, INT(v))), align=4) for v in (0, LANES)]
        relu = _spread(builder, builder.fcmp_ordered("<", FLOAT(0), limit))
        most = _spread(builder, limit)
        for i, total in enumerate(sums):
            total = builder.fadd(total, biases[i % 2])
            stopped = builder.and_(builder.fcmp_ordered("<", total, _constant(0)), relu)
            total = builder.select(stopped, _constant(0), total)
            above = builder.and_(builder.fcmp_ordered("<", most, total), relu)
            sums[i] = builder.select(above, most, total)

    def generate(context, builder, signature, arguments):
        ai, ars, ass, aks, bi, bks, ci, crs, S, K, *more = *arguments[1:5], *arguments[6:8], *arguments[9:]
        A, B, C = (_data(context, builder, signature.args[i], arguments[i]) for i in (0, 5, 8))
        fma, each = _multiply_add(builder), rows // groups
        row_of_a = [builder.mul(ars, INT(r % each)) for r in range(rows)]
        if groups > 1:
            row_of_a = [builder.add(offset, builder.mul(more[0], INT(r // each))) for r, offset in enumerate(row_of_a)]
        cells = [_place(builder, C, builder.add(builder.add(ci, builder.mul(crs, INT(r))), INT(v)))
                 for r in range(rows) for v in (0, LANES)]

        def step(values):
            at, bt, *sums = values
            vectors = [builder.load(_place(builder, B, builder.add(bt, INT(v))), align=4) for v in (0, LANES)]
            for r in range(rows):
                number = _spread(builder, builder.load(builder.gep(A, [builder.add(at, row_of_a[r])])))
                for v, vector in enumerate(vectors):
                    sums[2 * r + v] = builder.call(fma, [number, vector, sums[2 * r + v]])
            return [builder.add(at, aks), builder.add(bt, bks), *sums]

        def segment(values):
            _, bt, *sums = _loop(builder, K, values, step)
            return [builder.add(values[0], ass), bt, *sums]

        _, _, *sums = _loop(builder, S, [ai, bi, *[_constant(0)] * len(cells)], segment)
        if add:
            sums = [builder.fadd(total, builder.load(cell, align=4)) for cell, total in zip(cells, sums)]
        if finish:
            finished(context, builder, signature, sums, *more)
        for cell, total in zip(cells, sums):
            builder.store(total, cell, align=4)
        return context.get_dummy_value()

    @intrinsic
    def tile(typing_context, a, ai, ars, ass, aks, b, bi, bks, c, ci, crs, S, K):
        return typed(a, b, c), generate

    @intrinsic
    def tile_of_groups(typing_context, a, ai, ars, ass, aks, b, bi, bks, c, ci, crs, S, K, between):
        return typed(a, b, c, types.intp), generate

    @intrinsic
    def finished_tile(typing_context, a, ai, ars, ass, aks, b, bi, bks, c, ci, crs, S, K, bias, o, limit):
        return typed(a, b, c, bias, types.intp, types.float32), generate

    return finished_tile if finish else tile if groups == 1 else tile_of_groups


tile, tile_add = register_tile(ROWS), register_tile(ROWS, add=True)
tile_of_9_add, tile_of_3x3_add = register_tile(9, add=True), register_tile(9, add=True, groups=3)


def _of_any_rows(**options):
    """`register_tile` for 1 to ROWS rows, their number being the first argument: in tiles of ROWS / 2, 2 and 1."""
    whole, half, two, one = (register_tile(rows, **options) for rows in (ROWS, ROWS // 2, 2, 1))

    @inner
    def tiles(rows, a, ai, ars, ass, aks, b, bi, bks, c, ci, crs, S, K, *more):
        if rows == ROWS:
            whole(a, ai, ars, ass, aks, b, bi, bks, c, ci, crs, S, K, *more)
            return
        if rows >= ROWS // 2:
            half(a, ai, ars, ass, aks, b, bi, bks, c, ci, crs, S, K, *more)
            rows, ai, ci = rows - ROWS // 2, ai + ROWS // 2 * ars, ci + ROWS // 2 * crs
        if rows >= 2:
            two(a, ai, ars, ass, aks, b, bi, bks, c, ci, crs, S, K, *more)
            rows, ai, ci = rows - 2, ai + 2 * ars, ci + 2 * crs
        if rows == 1:
            one(a, ai, ars, ass, aks, b, bi, bks, c, ci, crs, S, K, *more)

    return tiles


tile_rows_add, finished_rows = _of_any_rows(add=True), _of_any_rows(finish=True)


# A small constant matrix on both sides -------------------------------------------------------------------------------------

def _times(builder, matrix, vectors):
    """The vectors matrix @ vectors. A zero costs nothing, a one an addition, any other number a multiply-add."""
    fma, out = _multiply_add(builder), []
    for row in matrix:
        total = None
        for j in sorted(np.flatnonzero(row), key=lambda j: row[j] != 1):
            if total is None:
                total = vectors[j] if row[j] == 1 else builder.fmul(vectors[j], _constant(row[j]))
            elif abs(row[j]) == 1:
                total = (builder.fadd if row[j] > 0 else builder.fsub)(total, vectors[j])
            else:
                total = builder.call(fma, [vectors[j], _constant(row[j]), total])
        out.append(total)
    return out


def sandwich(matrix, add=False):
    """An intrinsic that computes Y (+)= A X A^T for LANES channels at once, A the constant `matrix` (R, K):

        X[i, j] is the vector at x[xi + i xr + j xc], i, j < K;  Y[i, j] that at y[yi + i yr + j yc], i, j < R
    """
    R, K = matrix.shape

    @intrinsic
    def transform(typing_context, x, xi, xr, xc, y, yi, yr, yc):
        def generate(context, builder, signature, arguments):
            X, Y = (_data(context, builder, signature.args[i], arguments[i]) for i in (0, 4))

            def at(data, place, i, j):
                start, down, right = place
                offset = builder.add(builder.mul(down, INT(i)), builder.mul(right, INT(j)))
                return _place(builder, data, builder.add(start, offset))

            columns = [_times(builder, matrix, [builder.load(at(X, arguments[1:4], i, j), align=4) for i in range(K)])
                       for j in range(K)]
            for i in range(R):
                for j, vector in enumerate(_times(builder, matrix, [column[i] for column in columns])):
                    cell = at(Y, arguments[5:8], i, j)
                    builder.store(builder.fadd(vector, builder.load(cell, align=4)) if add else vector, cell, align=4)
            return context.get_dummy_value()
        n = types.intp
        return types.void(x, n, n, n, y, n, n, n), generate
    return transform


# Sums of four pixels -------------------------------------------------------------------------------------------------------

def sum_of_four(channels):
    """An intrinsic that computes y[o + c] = sum over i < 4 of wi x[pi + c], for c < `channels`, which is at most 4.

    So few numbers lie in a small vector of four; the memory beside them is not touched.
    """
    kind, masks = ir.VectorType(FLOAT, 4), ir.VectorType(ir.IntType(1), 4)
    mask = ir.Constant(masks, [c < channels for c in range(4)])

    @intrinsic
    def function(typing_context, x, p0, p1, p2, p3, w0, w1, w2, w3, y, o):
        def generate(context, builder, signature, arguments):
            X, Y = (_data(context, builder, signature.args[i], arguments[i]) for i in (0, 9))
            load = llvm_function(builder, "llvm.masked.load.v4f32.p0v4f32", kind, kind.as_pointer(), I32, masks, kind)
            store = llvm_function(builder, "llvm.masked.store.v4f32.p0v4f32", ir.VoidType(), kind, kind.as_pointer(), I32,
                                  masks)
            fma, total = llvm_function(builder, "llvm.fma.v4f32", kind, kind, kind, kind), ir.Constant(kind, None)
            for place, weight in zip(arguments[1:5], arguments[5:9]):
                pixel = builder.call(load, [_place(builder, X, place, kind), I32(4), mask, ir.Constant(kind, None)])
                first = builder.insert_element(ir.Constant(kind, ir.Undefined), weight, I32(0))
                weights = builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(I32, 4), [0] * 4))
                total = builder.call(fma, [pixel, weights, total])
            builder.call(store, [total, _place(builder, Y, arguments[10], kind), I32(4), mask])
            return context.get_dummy_value()
        n, f = types.intp, types.float32
        return types.void(x, n, n, n, n, f, f, f, f, y, n), generate
    return function
