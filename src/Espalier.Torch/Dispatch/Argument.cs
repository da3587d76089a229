namespace Espalier.Torch.Dispatch;

internal enum ValueTag
{
    Default,
    None,
    Tensor,
    Int,
    Double,
    Bool,
    Device,
    IntList,
    TensorList,
}

/// <summary>
/// One argument of an operator call: a tensor, a number, a device, a list, nothing (<see cref="None"/>) or the schema's default
/// (<see cref="Default"/>). Converts from what it can hold, so that a call reads like the operator's schema.
/// </summary>
internal readonly struct Argument
{
    internal readonly ValueTag Tag;
    internal readonly long Bits;
    internal readonly object? Reference;

    private Argument(ValueTag tag, long bits = 0, object? reference = null) => (Tag, Bits, Reference) = (tag, bits, reference);

    public static Argument Default => default;

    /// <summary>Nothing, for optional arguments.</summary>
    public static Argument None => new(ValueTag.None);

    public bool IsNumber => Tag is ValueTag.Int or ValueTag.Double;

    public double Number => Tag == ValueTag.Double ? BitConverter.Int64BitsToDouble(Bits) : Bits;

    /// <summary>The native tensor of one that is held.</summary>
    public nint Held => ((Tensor)Reference!).Pointer;

    /// <summary>A tensor; null is <see cref="None"/>.</summary>
    public static implicit operator Argument(Tensor? value) => OrNone(ValueTag.Tensor, value);

    public static implicit operator Argument(long value) => new(ValueTag.Int, value);

    public static implicit operator Argument(int value) => new(ValueTag.Int, value);

    public static implicit operator Argument(double value) => new(ValueTag.Double, BitConverter.DoubleToInt64Bits(value));

    public static implicit operator Argument(bool value) => new(ValueTag.Bool, value ? 1 : 0);

    /// <summary>An element type; null is <see cref="None"/>.</summary>
    public static implicit operator Argument(DType? value) => value is { } dtype ? new(ValueTag.Int, (long)dtype) : None;

    public static implicit operator Argument(Device value) => new(ValueTag.Device, value.Word);

    /// <summary>A list of integers, such as sizes; null is <see cref="None"/>.</summary>
    public static implicit operator Argument(long[]? value) => OrNone(ValueTag.IntList, value);

    /// <summary>A list of tensors; null entries are None, and so is null.</summary>
    public static implicit operator Argument(Tensor?[]? value) => OrNone(ValueTag.TensorList, value);

    /// <summary>The value as errors show it: tensors by type and shape.</summary>
    public override string ToString() => Tag switch
    {
        ValueTag.None => "none",
        ValueTag.Tensor => Reference!.ToString()!,
        ValueTag.Int or ValueTag.Double => Number.ToString(CultureInfo.InvariantCulture),
        ValueTag.Bool => Bits != 0 ? "true" : "false",
        ValueTag.Device => Device.OfWord(Bits).ToString(),
        ValueTag.IntList => $"[{string.Join(", ", (long[])Reference!)}]",
        ValueTag.TensorList => $"[{string.Join(", ", ((Tensor?[])Reference!).Select(tensor => tensor?.ToString() ?? "none"))}]",
        _ => "the default",
    };

    private static Argument OrNone(ValueTag tag, object? value) => value is null ? None : new(tag, 0, value);
}
