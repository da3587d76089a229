using Espalier.Torch.Native;

namespace Espalier.Torch.Dispatch;

/// <summary>Reads what a call gave. Lists of tensors are laid out flat.</summary>
internal static unsafe class OpResults
{
    /// <summary>Writes the results, or frees them where nobody wants any (no capacity); their number.</summary>
    /// <exception cref="TorchException">There are more than the room holds; they are freed.</exception>
    public static int Collect(OpSchema schema, ulong* words, NativeValue* results, int capacity)
    {
        var count = 0;
        for (var i = 0; i < schema.Results.Length; i++)
        {
            var type = schema.Results[i];
            if (!type.IsList)
            {
                Put(Value(words[i], type.Kind), results, capacity, ref count);
                continue;
            }
            var list = (nint)words[i];
            nuint length;
            Status.Check(Libtorch.ListSize(list, &length), "a list has no length");
            for (nuint at = 0; at < length; at++)
            {
                ulong item;
                Status.Check(Libtorch.ListItem(list, at, &item), "a list has no such entry");
                Put(Value(item, type.Kind), results, capacity, ref count);
            }
            _ = Libtorch.DeleteList(list);
        }
        if (capacity == 0 || count <= capacity)
            return capacity == 0 ? 0 : count;
        Free(results, capacity);
        throw new TorchException($"{schema.FullName} returned {count} results, but there is room for only {capacity}");
    }

    public static void Free(NativeValue* results, int count)
    {
        for (var i = 0; i < count; i++)
            if (results[i].Tag == ValueTag.Tensor)
                _ = Libtorch.DeleteTensor(results[i].Pointer);
    }

    private static void Put(NativeValue value, NativeValue* results, int capacity, ref int count)
    {
        if (count < capacity)
            results[count] = value;
        else
            Free(&value, 1);
        count++;
    }

    private static NativeValue Value(ulong word, ValueKind kind)
    {
        switch (kind)
        {
            case ValueKind.Tensor:
                byte defined;
                if (Libtorch.IsDefined((nint)word, &defined) == 0 && defined != 0)
                    return new() { Tag = ValueTag.Tensor, Pointer = (nint)word };
                _ = Libtorch.DeleteTensor((nint)word);
                return new() { Tag = ValueTag.None };
            case ValueKind.Float:
                return new() { Tag = ValueTag.Double, Integer = (long)word };
            case ValueKind.Bool:
                return new() { Tag = ValueTag.Bool, Integer = (long)word & 1 };
            default:
                return new() { Tag = ValueTag.Int, Integer = (long)word };
        }
    }
}
