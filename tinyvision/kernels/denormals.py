"""How a processor takes numbers below 1e-38, which is slow unless it is told to take them as 0."""
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .vectors import ARM, BYTE, I32, INT, X86, llvm_function

FLUSH = 0x8040 if X86 else 1 << 24                         # flush to zero, and denormals are zeros; ARM has one bit for both


@intrinsic
def flush_denormals(typing_context):
    """Make this thread take numbers below 1e-38 as 0; returns the mode that was set before.

    Arithmetic with such numbers takes the processor a hundred cycles and more, and a saturated network is full of them: a
    training step took 100 times as long. On processors that are neither x86 nor ARM this does nothing.
    """
    def generate(context, builder, signature, arguments):
        old = _floating_point_mode(builder)
        _set_floating_point_mode(builder, builder.or_(old, INT(FLUSH)))
        return old
    return types.int64(), generate


@intrinsic
def restore_denormals(typing_context, mode):
    """Put back the mode that `flush_denormals` found."""
    def generate(context, builder, signature, arguments):
        _set_floating_point_mode(builder, arguments[0])
        return context.get_dummy_value()
    return types.void(types.int64), generate


def _floating_point_mode(builder):
    if X86:
        word = cgutils.alloca_once(builder, I32)
        builder.call(llvm_function(builder, "llvm.x86.sse.stmxcsr", ir.VoidType(), BYTE.as_pointer()),
                     [builder.bitcast(word, BYTE.as_pointer())])
        return builder.zext(builder.load(word), INT)
    return builder.call(llvm_function(builder, "llvm.aarch64.get.fpcr", INT), []) if ARM else INT(0)


def _set_floating_point_mode(builder, mode):
    if X86:
        word = cgutils.alloca_once(builder, I32)
        builder.store(builder.trunc(mode, I32), word)
        builder.call(llvm_function(builder, "llvm.x86.sse.ldmxcsr", ir.VoidType(), BYTE.as_pointer()),
                     [builder.bitcast(word, BYTE.as_pointer())])
    elif ARM:
        builder.call(llvm_function(builder, "llvm.aarch64.set.fpcr", ir.VoidType(), INT), [mode])
