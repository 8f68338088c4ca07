"""CUDA kernels on a machine without a GPU: g++ compiles them under cuda_on_cpu.h, and their threads run one after another.

`Module(code)` is what cupy.RawModule is: fake_cupy.py gives it to the library in its place, so that whatever launches a kernel
there runs it here. An argument of another type than the kernel has, a write beyond the end of an array, a block larger than
__launch_bounds__ and barriers that not all threads reach raise a LaunchError.

One thing differs: of the constants that stand at the head of the code (`constexpr int H = 28;`), all but those whose names begin
with TILE_ become variables, so that a kernel is compiled once and not for each shape. So only those may size an array.
"""
import ctypes
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

HEADER = Path(__file__).with_name("cuda_on_cpu.h")
BUILT = HEADER.parent / "__pycache__" / "emulated_cuda"
FENCE = 1 << 16                                               # bytes on both sides of an array that no kernel may change
TYPES = {"float": np.float32, "int": np.int32, "unsigned": np.uint32, "unsigned int": np.uint32, "unsigned char": np.uint8,
         "long long": np.int64, "unsigned long long": np.uint64, "double": np.float64, "bool": np.bool_}
CONSTANT = re.compile(r"^constexpr int (?!TILE_)(\w+) = (-?\d+);$", re.MULTILINE)
KERNEL = re.compile(r'extern "C" __global__ (?:__launch_bounds__\(([^()]*)\) )?void (\w+)\(([^)]*)\)')

available = shutil.which("g++") is not None


class LaunchError(RuntimeError):
    """What a GPU would answer with wrong numbers, an error or silence."""


class Module:
    """cupy.RawModule: `get_function(name)` gives a kernel, called with (grid, block, arguments)."""

    def __init__(self, *, code, options=(), backend="nvrtc", **others):
        if others or backend != "nvrtc":
            raise TypeError(f"the emulator takes code and options, not {others or backend}")
        self.constants = [int(value) for _, value in CONSTANT.findall(code)]
        self.kernels = {name: (bound.partition(",")[0] or "1024", parameters(text)) for bound, name, text in KERNEL.findall(code)}
        names = [name for name, _ in CONSTANT.findall(code)]
        variables = "".join(f"static int {name};\n" for name in names)
        setter = "".join(f"    {name} = values[{i}];\n" for i, name in enumerate(names))
        self.library = compiled(f'#include "{HEADER}"\n{variables}{CONSTANT.sub("", code)}\n'
                                f'extern "C" void set_constants(const int* values) {{\n{setter}}}\n'
                                + "".join(self.launcher(name) for name in self.kernels))

    def launcher(self, name):
        """A function in C that launches the kernel, its arguments given by their addresses, as the driver has it."""
        bound, declared = self.kernels[name]
        values = ", ".join(f"*({text}*)arguments[{i}]" for i, (text, _) in enumerate(declared))
        return (f'extern "C" const char* launch_{name}(const unsigned* g, const unsigned* b, void** arguments) {{\n'
                f"    return emulator::launch(dim3(g[0], g[1], g[2]), dim3(b[0], b[1], b[2]), {bound}, "
                f"[&] {{ {name}({values}); }});\n}}\n")

    def get_function(self, name):
        if name not in self.kernels:
            raise LaunchError(f"the code has no kernel {name}, only {', '.join(self.kernels)}")
        return functools.partial(self.launch, name)

    def launch(self, name, grid, block, args, *, shared_mem=0):
        """Run a kernel on copies of the arrays, with fences around them; then write back what it wrote."""
        declared = self.kernels[name][1]
        if len(args) != len(declared):
            raise LaunchError(f"{name} takes {len(declared)} arguments, got {len(args)}")
        if any(n > most for n, most in zip(grid, (2 ** 31 - 1, 65535, 65535))):
            raise LaunchError(f"{name}: a grid of {grid} blocks, where 65535 are the most along the second and third axis")
        given = [Argument(f"{name}, argument {i}", a, text, dtype) for i, (a, (text, dtype)) in enumerate(zip(args, declared))]
        sizes = [(ctypes.c_uint * 3)(*shape, *[1] * (3 - len(shape))) for shape in (grid, block)]
        self.library.set_constants((ctypes.c_int * max(len(self.constants), 1))(*self.constants))
        run = getattr(self.library, f"launch_{name}")
        run.restype = ctypes.c_char_p
        said = run(*sizes, (ctypes.c_void_p * len(given))(*[a.address for a in given]))
        if said:
            raise LaunchError(f"{name}: {said.decode()}")
        for a in given:
            a.finish()


class Argument:
    """An argument of a kernel: a number, or an array with fences around."""

    def __init__(self, where, value, text, dtype):
        self.where, self.array = where, getattr(value, "_array", None)
        if text.endswith("*") and isinstance(value, np.uint64) and value:      # the address of a view
            self.memory, self.held = None, ctypes.c_void_p(int(value))
        elif dtype is None:                                # a struct: its bytes, handed over as they are
            if not isinstance(value, np.ndarray) or value.size != 1:
                raise LaunchError(f"{where} is declared {text}, got {type(value).__name__}: it takes an array of one struct")
            self.memory, self.array, self.held = None, None, ctypes.create_string_buffer(value.tobytes(), value.nbytes)
        elif text.endswith("*"):
            value = None if isinstance(value, np.uint64) and not value else value
            if value is not None and (self.array is None or self.array.dtype != dtype):
                raise LaunchError(f"{where} is declared {text}, got {getattr(value, 'dtype', type(value).__name__)}")
            if value is not None and not self.array.flags.c_contiguous:
                raise LaunchError(f"{where} is not contiguous in memory, and a kernel does not see strides")
            self.constant, size = text.startswith("const"), 0 if value is None else self.array.nbytes
            self.memory = np.full(size + 2 * FENCE, 0xFF, np.uint8)
            if size:
                self.memory[FENCE:FENCE + size] = np.frombuffer(self.array.tobytes(), np.uint8)
            self.held = ctypes.c_void_p(self.memory.ctypes.data + FENCE if value is not None else None)
        else:
            if not isinstance(value, np.generic) or value.dtype != dtype:
                raise LaunchError(f"{where} is declared {text}, got {getattr(value, 'dtype', type(value).__name__)} {value}")
            self.memory, self.array, self.held = None, None, np.ctypeslib.as_ctypes_type(dtype)(value.item())
        self.address = ctypes.addressof(self.held)

    def finish(self):
        """Look at the fences, and take over what the kernel wrote."""
        if self.memory is None:
            return
        inside = self.memory[FENCE:self.memory.size - FENCE]
        if (self.memory[:FENCE] != 0xFF).any() or (self.memory[self.memory.size - FENCE:] != 0xFF).any():
            raise LaunchError(f"{self.where}: it writes beyond the end of the array")
        if self.array is not None:
            written = inside.view(self.array.dtype).reshape(self.array.shape)
            if not self.constant:
                self.array[...] = written
            elif written.tobytes() != self.array.tobytes():
                raise LaunchError(f"{self.where}: it writes to what it declares const")


def parameters(text):
    """[(the type as it is written, the dtype of it or of what it points to), ...] of the parameters of a kernel; None for a struct."""
    found = []
    for parameter in filter(None, (p.replace("__restrict__", "").strip() for p in text.split(","))):
        kind = re.sub(r"\s*\*\s*", "*", parameter.rpartition(" ")[0] if "*" not in parameter else parameter.rpartition("*")[0] + "*")
        dtype = TYPES.get(kind.removeprefix("const ").removesuffix("*"))
        if dtype is None and kind.endswith("*"):
            raise LaunchError(f"the emulator does not know {kind}")
        found.append((kind, None if dtype is None else np.dtype(dtype)))
    return found


@functools.cache
def compiled(source):
    """A shared library of that source; kept on disk, for other processes and the next run."""
    name = hashlib.sha256((HEADER.read_text(encoding="utf-8") + source).encode()).hexdigest()[:24]
    library = BUILT / f"{name}.so"
    if not library.exists():
        BUILT.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=BUILT) as folder:
            code, fresh = Path(folder) / "kernels.cpp", Path(folder) / "kernels.so"
            code.write_text(source, encoding="utf-8")
            done = subprocess.run(["g++", "-std=c++17", "-O1", "-w", "-fPIC", "-shared", "-fno-strict-aliasing", "-ffp-contract=off",
                                   "-U_FORTIFY_SOURCE", "-o", fresh, code], capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"g++ refuses the kernels:\n{done.stderr[:4000]}")
            os.replace(fresh, library)
    return ctypes.CDLL(str(library))
