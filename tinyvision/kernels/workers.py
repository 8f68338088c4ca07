"""The threads that share out a job, and nothing else: a small pool whose caller never waits for a thread that has not begun.

A job is a number of parts. The caller posts it and takes parts itself, one after the other; so does each worker that is awake.
When none is left, the caller waits for those that are under way. So a core that another program holds costs little: its
worker does not come, and the others do its work. (A parallel loop of OpenMP waits for every thread at its end, for as long
as the system leaves it waiting: 8 ms a kernel were measured beside a busy program.) A worker that finds nothing for some
tenths of a millisecond takes naps, and after some tens of milliseconds sleeps until the next job wakes it.

All that the threads share is `state`, a few 64-bit numbers, each on a cache line of its own, changed by atomic instructions.
"""
import atexit
import ctypes
import os
import threading
import time

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from . import cores
from .compiling import compiled, integers_at
from .vectors import ARM, INT, X86, inner

LINE = 8                                                   # numbers in a cache line
TICKET, DONE, PARTS, ADDRESS, ARGUMENTS, STOP, SLEEPING = (LINE * i for i in range(7))         # SLEEPING: a line a worker
LEFT = 0xFFFF                                              # of the ticket: parts that nobody has taken; above: the job
SPINS, NAPS = 10_000, 200                                  # looks at the ticket without a break, and between naps
NAP = 1 if os.name == "nt" else 100                        # in the units of the system's function: ms, or us
MOST = 512                                                 # threads, as many as `state` has room for
SIZE = SLEEPING + MOST * LINE

State = types.Array(types.int64, 1, "C")


# Atomic instructions -------------------------------------------------------------------------------------------------------

def _element(context, builder, array, index):
    return builder.gep(context.make_array(State)(context, builder, array).data, [index])


@intrinsic
def read(typing_context, state, index):
    """state[index], and all that was written before it was."""
    def generate(context, builder, signature, values):
        return builder.load_atomic(_element(context, builder, *values), "acquire", 8)
    return types.int64(State, types.int64), generate


@intrinsic
def write(typing_context, state, index, value):
    """state[index] = value, after all that was written before."""
    def generate(context, builder, signature, values):
        builder.store_atomic(values[2], _element(context, builder, *values[:2]), "seq_cst", 8)
        return context.get_dummy_value()
    return types.void(State, types.int64, types.int64), generate


@intrinsic
def add(typing_context, state, index, value):
    """state[index] += value, in one instruction."""
    def generate(context, builder, signature, values):
        builder.atomic_rmw("add", _element(context, builder, *values[:2]), values[2], "acq_rel")
        return context.get_dummy_value()
    return types.void(State, types.int64, types.int64), generate


@intrinsic
def replace(typing_context, state, index, old, new):
    """state[index] = new if it is still old; whether it was."""
    def generate(context, builder, signature, values):
        found = builder.cmpxchg(_element(context, builder, *values[:2]), values[2], values[3], "acq_rel", "monotonic")
        return builder.extract_value(found, 1)
    return types.boolean(State, types.int64, types.int64, types.int64), generate


@intrinsic
def pause(typing_context):
    """Let the processor rest for some cycles."""
    def generate(context, builder, signature, values):
        name, arguments = ("llvm.x86.sse2.pause", []) if X86 else ("llvm.aarch64.hint", [ir.IntType(32)(1)])
        if X86 or ARM:
            kind = ir.FunctionType(ir.VoidType(), [a.type for a in arguments])
            builder.call(builder.module.globals.get(name) or ir.Function(builder.module, kind, name), arguments)
        return context.get_dummy_value()
    return types.void(), generate


@intrinsic
def call(typing_context, address, part, parts, arguments):
    """Call the machine code at an address."""
    def generate(context, builder, signature, values):
        kind = ir.FunctionType(ir.VoidType(), [INT] * 3)
        builder.call(builder.inttoptr(values[0], kind.as_pointer()), values[1:])
        return context.get_dummy_value()
    n = types.int64
    return types.void(n, n, n, n), generate


# What the threads run ------------------------------------------------------------------------------------------------------

@inner
def _take_part(state):
    """Take a part of the posted job and do it; whether there was one."""
    ticket = read(state, TICKET)
    left = ticket & LEFT
    if left == 0 or not replace(state, TICKET, ticket, ticket - 1):
        return left > 0
    call(state[ADDRESS], left - 1, state[PARTS], state[ARGUMENTS])
    add(state, DONE, 1)
    return True


def _work(address, worker, nap):
    """Take parts until none has come for a while; `nap` is the address of the system's function that sleeps."""
    state, idle = integers_at(address, SIZE), 0
    while idle < SPINS + NAPS and read(state, STOP) == 0:
        if _take_part(state):
            idle = 0
        elif idle < SPINS:
            pause()
            idle += 1
        else:
            call(nap, NAP, 0, 0)
            idle += 1
    write(state, SLEEPING + worker * LINE, 1)


def _run(address, job, arguments, parts):
    """Post a job, take parts of it, and wait for those that others have taken."""
    state = integers_at(address, SIZE)
    state[ADDRESS], state[ARGUMENTS], state[PARTS] = job, arguments, parts
    write(state, DONE, 0)
    write(state, TICKET, ((read(state, TICKET) >> 16) + 1) << 16 | parts)
    while _take_part(state):
        pass
    while read(state, DONE) < parts:
        pause()


# The pool ------------------------------------------------------------------------------------------------------------------

class Pool:
    """The workers of this process. They start with the first job that has several parts."""

    def __init__(self):
        self.state, self.bells = np.zeros(SIZE, np.int64), []          # a lock for each worker, released to wake it
        self.address = self.state.ctypes.data
        n = types.int64
        self.machine_code = [compiled(_run, types.void(n, n, n, n)), compiled(_work, types.void(n, n, n))]
        sleep = ctypes.windll.kernel32.Sleep if os.name == "nt" else ctypes.CDLL(None).usleep
        self.nap = ctypes.cast(sleep, ctypes.c_void_p).value
        self.run_machine_code, self.work = (code.ctypes for code in self.machine_code)         # other Python threads go on

    def run(self, job: int, arguments: bytes, parts: int) -> None:
        """Call the machine code at the address `job` with (part, parts, address of the arguments) for each part.

        One job runs at a time: the lock `cores.all_of_them` must be held.
        """
        helpers = min(parts, cores.get_num_threads(), MOST) - 1
        while len(self.bells) < helpers:
            self._start()
        for worker in range(helpers):
            if self.state[SLEEPING + worker * LINE]:
                self.state[SLEEPING + worker * LINE] = 0
                self.bells[worker].release()
        self.run_machine_code(self.address, job, address_of_bytes(arguments), parts)

    def _start(self):
        bell, worker = threading.Lock(), len(self.bells)
        bell.acquire()
        self.state[SLEEPING + worker * LINE] = 1
        self.bells.append(bell)
        threading.Thread(target=self._live, args=(bell, worker), name=f"tinyvision worker {worker}", daemon=True).start()

    def _live(self, bell, worker):
        while True:
            bell.acquire()
            if self.state[STOP]:
                return
            self.work(self.address, worker, self.nap)

    def stop(self):
        """Send the workers home. At exit this comes before the machine code that they run is taken away."""
        self.state[STOP] = 1
        for worker, bell in enumerate(self.bells):
            deadline = time.monotonic() + 1
            while not self.state[SLEEPING + worker * LINE] and time.monotonic() < deadline:
                time.sleep(0.0001)
            if self.state[SLEEPING + worker * LINE]:
                self.state[SLEEPING + worker * LINE] = 0
                bell.release()


def address_of_bytes(data: bytes) -> int:
    """Where the bytes lie."""
    return ctypes.cast(data, ctypes.c_void_p).value


pool = Pool()


def _after_fork():
    """A child process has none of its parent's threads: it begins anew."""
    cores.all_of_them = threading.RLock()
    pool.state[:], pool.bells[:] = 0, []


atexit.register(lambda: pool.stop())
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
