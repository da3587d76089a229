using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Espalier.Torch.Native;

namespace Espalier.Torch;

/// <summary>
/// An operator of libtorch, or one of ours, found by name in the dispatcher and called boxed: autograd, devices and libtorch's
/// own error messages come with it. Arguments that are left out take the schema's defaults. Safe to share between threads.
/// </summary>
public sealed unsafe class Op
{
    private static readonly ConcurrentDictionary<(string, string), Op?> Found = new();
    private readonly nint _handle;

    private Op(nint handle) => _handle = handle;

    /// <summary>The operator, or an error that names it when this libtorch has none.</summary>
    public static Op Find(string name, string overload = "") =>
        TryFind(name, overload) ?? throw new TorchException($"this libtorch ({TorchRuntime.Version}) has no operator {name}{(overload.Length > 0 ? "." + overload : "")}");

    /// <summary>The operator, or null when this libtorch has none: for what only newer versions offer.</summary>
    public static Op? TryFind(string name, string overload = "") => Found.GetOrAdd((name, overload), static key =>
    {
        NativeLoader.EnsureLoaded();
        nint op;
        NativeMethods.esp_op_find(key.Item1, key.Item2, &op);
        return op == 0 ? null : new Op(op);
    });

    /// <summary>The operator's schema as libtorch writes it.</summary>
    public string Schema => TorchRuntime.ReadText((text, capacity, length) => NativeMethods.esp_op_schema(_handle, (byte*)text, capacity, (int*)length));

    /// <summary>Calls and returns the single tensor that results; the caller (or the current scope) owns it.</summary>
    public Tensor Call(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue result;
        var count = Invoke(arguments, &result, 1);
        return count == 1 && result.Tag == ValueTag.Tensor ? Tensor.Adopt(result.Pointer) : throw Unwanted("one tensor", &result, count);
    }

    /// <summary>Calls for the effect alone, as of an in-place operator.</summary>
    public void CallVoid(params ReadOnlySpan<Argument> arguments) => Invoke(arguments, null, 0);

    /// <summary>Calls and returns the tensors that result, at most 256; the caller (or the current scope) owns them.</summary>
    [SkipLocalsInit]
    public Tensor[] CallMany(params ReadOnlySpan<Argument> arguments)
    {
        const int room = 256;
        var results = stackalloc NativeValue[room];
        var count = Invoke(arguments, results, room);
        for (var i = 0; i < count; i++)
            if (results[i].Tag != ValueTag.Tensor)
                throw Unwanted("tensors alone", results, count);
        var tensors = new Tensor[count];
        for (var i = 0; i < count; i++)
            tensors[i] = Tensor.Adopt(results[i].Pointer);
        return tensors;
    }

    /// <summary>Calls and returns the single bool or integer that results.</summary>
    public long CallInteger(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue result;
        var count = Invoke(arguments, &result, 1);
        return count == 1 && result.Tag is ValueTag.Int or ValueTag.Bool ? result.Integer : throw Unwanted("an integer", &result, count);
    }

    /// <summary>Calls and returns the single number (bool, integer or floating-point) that results, as a double.</summary>
    public double CallNumber(params ReadOnlySpan<Argument> arguments)
    {
        NativeValue result;
        var count = Invoke(arguments, &result, 1);
        return count == 1 && result.Tag is ValueTag.Double ? result.Number
            : count == 1 && result.Tag is ValueTag.Int or ValueTag.Bool ? result.Integer
            : throw Unwanted("a number", &result, count);
    }

    /// <summary>The error about results of another kind than the caller's; frees them.</summary>
    private TorchException Unwanted(string wanted, NativeValue* results, int count)
    {
        for (var i = 0; i < count; i++)
            if (results[i].Tag == ValueTag.Tensor)
                NativeMethods.esp_tensor_free(results[i].Pointer);
        return new TorchException($"the operator does not give {wanted}: {Schema}");
    }

    [SkipLocalsInit]
    private int Invoke(ReadOnlySpan<Argument> arguments, NativeValue* results, int capacity)
    {
        const int stackWords = 64, mostArguments = 64;
        if (arguments.Length > mostArguments)
            throw new TorchException($"an operator was given {arguments.Length} arguments; none takes more than {mostArguments}");
        var words = 0;
        foreach (ref readonly var argument in arguments)
            words += argument.ScratchWords;
        var values = stackalloc NativeValue[arguments.Length];
        var onStack = stackalloc long[stackWords];
        var scratch = words <= stackWords ? onStack : (long*)NativeMemory.Alloc((nuint)words, sizeof(long));
        var held = 0;
        try
        {
            var free = scratch;
            for (; held < arguments.Length; held++)
                free = Marshal(arguments[held], values + held, free);
            int count;
            NativeMethods.esp_op_call(_handle, values, arguments.Length, results, capacity, &count);
            return count;
        }
        finally
        {
            for (var i = 0; i < held; i++)
                Release(arguments[i]);
            if (scratch != onStack)
                NativeMemory.Free(scratch);
        }
    }

    /// <summary>Writes one argument; lists go to <paramref name="free"/>, whose next free word is returned. Tensors are held until released.</summary>
    private static long* Marshal(in Argument argument, NativeValue* value, long* free)
    {
        value->Tag = argument.Tag;
        value->Length = 0;
        value->Integer = argument.Bits;
        switch (argument.Reference)
        {
            case Tensor tensor:
                value->Pointer = tensor.Hold();
                return free;
            case long[] list:
                return Copy(list.AsSpan(), value, free);
            case double[] list:
                return Copy(MemoryMarshal.Cast<double, long>(list), value, free);
            case Tensor?[] list:
                value->Pointer = (nint)free;
                for (; value->Length < list.Length; value->Length++)
                    free[value->Length] = HoldInList(list, value->Length);
                return free + list.Length;
            case string text:
                value->Pointer = (nint)free;
                value->Length = Encoding.UTF8.GetBytes(text, new Span<byte>(free, argument.ScratchWords * sizeof(long)));
                return free + argument.ScratchWords;
            default:
                return free;
        }
    }

    private static long* Copy(ReadOnlySpan<long> list, NativeValue* value, long* free)
    {
        list.CopyTo(new Span<long>(free, list.Length));
        value->Pointer = (nint)free;
        value->Length = list.Length;
        return free + list.Length;
    }

    // When one entry cannot be held, the ones before it must not stay held.
    private static nint HoldInList(Tensor?[] list, int index)
    {
        try
        {
            return list[index]?.Hold() ?? 0;
        }
        catch
        {
            for (var i = 0; i < index; i++)
                list[i]?.Release();
            throw;
        }
    }

    private static void Release(in Argument argument)
    {
        switch (argument.Reference)
        {
            case Tensor tensor:
                tensor.Release();
                break;
            case Tensor?[] list:
                foreach (var tensor in list)
                    tensor?.Release();
                break;
        }
    }
}
