using System.Runtime.InteropServices;
using System.Text;
using Espalier.Torch.Native;

namespace Espalier.Torch.Dispatch;

/// <summary>
/// One operator of the dispatcher as the stable ABI calls it: arguments and results are words. Handles among the arguments are taken over,
/// whether the call succeeds or not, and an optional is a word on the heap that is taken over, too.
/// (<c>torch/csrc/stable/stableivalue_conversions.h</c>)
/// </summary>
internal sealed unsafe class DispatcherCall
{
    private readonly OpSchema _schema;
    private readonly byte* _name, _overload;
    private readonly bool _isProduct;

    public DispatcherCall(OpSchema schema)
    {
        _schema = schema;
        // Operators live as long as the process.
        _name = Text(schema.Name);
        _overload = Text(schema.Overload);
        _isProduct = IsProduct(schema.Name);
    }

    public int Words => Math.Max(_schema.Parameters.Length, _schema.Results.Length);

    /// <summary>Calls; results come back in the same words. False where libtorch refused.</summary>
    public bool Run(ulong* words)
    {
        ComputeThread.MakeReady();
        if (!_isProduct)
            return Libtorch.CallDispatcher(_name, _overload, words) == 0;
        using (SignalHold.Begin())
            return Libtorch.CallDispatcher(_name, _overload, words) == 0;
    }

    /// <summary>The word of an argument that was checked; its tensors are held by the caller.</summary>
    public static ulong Word(in Argument argument, ValueType type)
    {
        if (!type.IsOptional)
            return Plain(argument, type);
        return argument.Tag == ValueTag.None ? 0 : Boxed(Plain(argument, type));
    }

    /// <summary>Another handle on a tensor, for a call to take over.</summary>
    public static ulong Lend(nint tensor)
    {
        nint copy;
        Status.Check(Libtorch.NewHandle(tensor, &copy), "no memory for a handle");
        return (ulong)copy;
    }

    public static ulong Optional(in Argument argument) => argument.Reference is Tensor tensor ? Boxed(Lend(tensor.Pointer)) : 0;

    public static ulong List(ReadOnlySpan<ulong> words)
    {
        var list = EmptyList(words.Length);
        foreach (var word in words)
            Libtorch.PushBack(list, word);
        return (ulong)list;
    }

    // Those that multiply matrices, by a library whose code must not be interrupted (SignalHold).
    private static bool IsProduct(string name) => name.TrimEnd('_') is
        "aten::linear" or "aten::matmul" or "aten::mm" or "aten::mv" or "aten::bmm" or "aten::dot" or "aten::einsum" or "aten::tensordot"
        or "aten::addmm" or "aten::addmv" or "aten::addbmm" or "aten::baddbmm";

    private static ulong Plain(in Argument argument, ValueType type)
    {
        switch (argument.Reference)
        {
            case Tensor tensor:
                return Lend(tensor.Pointer);
            case long[] list:
                return List(MemoryMarshal.Cast<long, ulong>(list.AsSpan()));
            case double[] list:
                return List(MemoryMarshal.Cast<double, ulong>(list.AsSpan()));
            case Tensor?[] list:
                return Tensors(list, type.EntriesAreOptional);
            case string device when type.Kind == ValueKind.Device:
                return Devices.TryParse(device, out var place) ? place : throw new ArgumentException(device, nameof(argument));
            case string text:
                return String(text);
        }
        var widened = type.Kind == ValueKind.Float && argument.Tag == ValueTag.Int;
        return (ulong)(widened ? BitConverter.DoubleToInt64Bits(argument.Bits) : argument.Bits);
    }

    private static ulong Tensors(Tensor?[] tensors, bool optional)
    {
        var list = EmptyList(tensors.Length);
        foreach (var tensor in tensors)
            Libtorch.PushBack(list, tensor is null ? 0 : optional ? Boxed(Lend(tensor.Pointer)) : Lend(tensor.Pointer));
        return (ulong)list;
    }

    private static nint EmptyList(int length)
    {
        nint list;
        Status.Check(Libtorch.NewList((nuint)length, &list), "no memory for a list");
        return list;
    }

    private static ulong String(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        nint handle;
        fixed (byte* data = bytes)
            Status.Check(Libtorch.NewString(data, (nuint)bytes.Length, &handle), "no memory for a string");
        return (ulong)handle;
    }

    /// <summary>The word of an optional that has a value.</summary>
    public static ulong Boxed(ulong value)
    {
        ulong* word;
        // Before 2.13 it is freed by C++'s delete, which is free of what malloc gave.
        if (Libtorch.NewOptional == null)
            word = (ulong*)NativeMemory.Alloc(sizeof(ulong));
        else
            Status.Check(Libtorch.NewOptional(&word), "no memory for an optional");
        *word = value;
        return (ulong)word;
    }

    private static byte* Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text + "\0");
        var copy = (byte*)NativeMemory.Alloc((nuint)bytes.Length);
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        return copy;
    }
}
