"""What Numba lacks: pointers from addresses, calls by address, atomics, a polite wait.

Each is a line or two of LLVM; nothing here depends on the processor.
"""

# mypy: disable-error-code="no-untyped-def"
from __future__ import annotations

import sys

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = [
    "add_atomic",
    "call_kernel",
    "clock",
    "load_atomic",
    "pointer",
    "prefetch",
    "select",
    "sleep_briefly",
    "store_atomic",
    "yield_processor",
]

_I64 = ir.IntType(64)


def pointer(kind):
    """Make the intrinsic that turns an address (int64) into a pointer to `kind`."""

    @intrinsic
    def to_pointer(typing, address):
        signature = types.CPointer(kind)(types.int64)

        def generate(context, builder, sig, args):
            return builder.inttoptr(args[0], context.get_value_type(sig.return_type))

        return signature, generate

    return to_pointer


@intrinsic
def call_kernel(typing, function, table, low, high, inputs, ids, values):
    """Call a population's kernel, compiled apart, by its address."""
    signature = types.int64(*[types.int64] * 7)

    def generate(context, builder, sig, args):
        kind = ir.FunctionType(_I64, [_I64] * 6)
        return builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])

    return signature, generate


@intrinsic
def select(typing, condition, yes, no):
    """``yes if condition else no`` without a branch, which loops cannot make vector stores of."""
    kind = typing.unify_types(yes, no)
    signature = kind(types.boolean, kind, kind)

    def generate(context, builder, sig, args):
        return builder.select(args[0], args[1], args[2])

    return signature, generate


def _element(builder, context, sig, args):
    """The address of ``array[index]`` for an int64 array."""
    array = context.make_array(sig.args[0])(context, builder, args[0])
    return builder.gep(array.data, [args[1]])


@intrinsic
def add_atomic(typing, array, index, value):
    """Add to ``array[index]`` and return what was there."""
    signature = types.int64(array, types.int64, types.int64)

    def generate(context, builder, sig, args):
        return builder.atomic_rmw("add", _element(builder, context, sig, args), args[2], "seq_cst")

    return signature, generate


@intrinsic
def load_atomic(typing, array, index):
    """Read ``array[index]`` as other threads last wrote it."""
    signature = types.int64(array, types.int64)

    def generate(context, builder, sig, args):
        return builder.load_atomic(_element(builder, context, sig, args), "seq_cst", 8)

    return signature, generate


@intrinsic
def store_atomic(typing, array, index, value):
    """Write ``array[index]`` for other threads to see."""
    signature = types.void(array, types.int64, types.int64)

    def generate(context, builder, sig, args):
        builder.store_atomic(args[2], _element(builder, context, sig, args), "seq_cst", 8)
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def prefetch(typing, array, index):
    """Begin to load the cache line of element `index`, counted over all axes; never faults."""
    signature = types.void(array, types.int64)

    def generate(context, builder, sig, args):
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        element = builder.bitcast(_element(builder, context, sig, args), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        name = "llvm.prefetch.p0"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        builder.call(function, [element, word(0), word(3), word(1)])
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def clock(typing):
    """Nanoseconds of a clock that never goes back; 0 where the system offers none."""
    signature = types.int64()

    def generate(context, builder, sig, args):
        if sys.platform == "win32":
            return _I64(0)
        time = cgutils.alloca_once(builder, ir.LiteralStructType([_I64, _I64]))
        kind = ir.FunctionType(ir.IntType(32), [ir.IntType(32), time.type])
        name = "clock_gettime"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        monotonic = 6 if sys.platform == "darwin" else 1
        builder.call(function, [ir.IntType(32)(monotonic), time])
        seconds, nanoseconds = (builder.extract_value(builder.load(time), i) for i in (0, 1))
        return builder.add(builder.mul(seconds, _I64(10**9)), nanoseconds)

    return signature, generate


@intrinsic
def yield_processor(typing):
    """Let another thread run, where the system offers it."""
    signature = types.void()

    def generate(context, builder, sig, args):
        if sys.platform != "win32":
            name, kind = "sched_yield", ir.FunctionType(ir.IntType(32), [])
            function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
            builder.call(function, [])
        return context.get_dummy_value()

    return signature, generate


@intrinsic
def sleep_briefly(typing):
    """Sleep for as short as the system can, which is some 50 microseconds; it need not offer it."""
    signature = types.void()

    def generate(context, builder, sig, args):
        if sys.platform != "win32":
            kind = ir.LiteralStructType([_I64, _I64])
            time = cgutils.alloca_once_value(builder, ir.Constant(kind, [0, 1000]))
            name, call = "nanosleep", ir.FunctionType(ir.IntType(32), [time.type, time.type])
            function = builder.module.globals.get(name) or ir.Function(builder.module, call, name)
            builder.call(function, [time, time.type(None)])
        return context.get_dummy_value()

    return signature, generate
