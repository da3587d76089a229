using System.Runtime.InteropServices;
using Espalier.Torch.Native;

namespace Espalier.Torch.Dispatch;

/// <summary>
/// Arguments as the stable ABI takes them, in words. Handles among them are taken over, whether the call succeeds or not, and an optional
/// is a word on the heap that is taken over, too. (<c>torch/csrc/stable/stableivalue_conversions.h</c>)
/// </summary>
internal static unsafe class Words
{
    /// <summary>The word of an argument that was checked; its tensors are held by the caller.</summary>
    public static ulong Of(in Argument argument, Parameter wanted)
    {
        if (argument.Tag == ValueTag.None)
            return 0;
        var plain = argument.Reference switch
        {
            Tensor tensor => Lend(tensor.Pointer),
            long[] list => List(MemoryMarshal.Cast<long, ulong>(list.AsSpan())),
            Tensor?[] list => Tensors(list, wanted.EntriesAreOptional),
            _ when wanted.Kind == ValueKind.Float => BitConverter.DoubleToUInt64Bits(argument.Number),
            _ => (ulong)argument.Bits,
        };
        return wanted.IsOptional ? Boxed(plain) : plain;
    }

    /// <summary>Another handle on a tensor, for a call to take over.</summary>
    public static ulong Lend(nint tensor) => (ulong)TensorFacts.NewHandle(tensor);

    public static ulong List(ReadOnlySpan<ulong> words)
    {
        nint list;
        Status.Check(Libtorch.NewList((nuint)words.Length, &list), "no memory for a list");
        foreach (var word in words)
            Libtorch.PushBack(list, word);
        return (ulong)list;
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

    private static ulong Tensors(Tensor?[] tensors, bool optional)
    {
        var list = List([]);
        foreach (var tensor in tensors)
            Libtorch.PushBack((nint)list, tensor is null ? 0 : optional ? Boxed(Lend(tensor.Pointer)) : Lend(tensor.Pointer));
        return list;
    }
}
