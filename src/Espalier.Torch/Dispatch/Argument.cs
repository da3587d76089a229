namespace Espalier.Torch.Dispatch;

/// <summary>
/// One argument of an operator call: a tensor, a number, a list, a string, nothing (<see cref="None"/>) or the schema's default
/// (<see cref="Default"/>). Converts from what it can hold, so that a call reads like the operator's schema.
/// </summary>
internal readonly struct Argument
{
    internal readonly ValueTag Tag;
    internal readonly long Bits;
    internal readonly object? Reference;

    private Argument(ValueTag tag, long bits = 0, object? reference = null)
    {
        Tag = tag;
        Bits = bits;
        Reference = reference;
    }

    /// <summary>The schema's default.</summary>
    public static Argument Default => default;

    /// <summary>Nothing, for optional arguments.</summary>
    public static Argument None => new(ValueTag.None);

    /// <summary>A tensor; null is <see cref="None"/>.</summary>
    public static implicit operator Argument(Tensor? value) => value is null ? None : new(ValueTag.Tensor, 0, value);

    public static implicit operator Argument(long value) => new(ValueTag.Int, value);

    public static implicit operator Argument(int value) => new(ValueTag.Int, value);

    public static implicit operator Argument(double value) => new(ValueTag.Double, BitConverter.DoubleToInt64Bits(value));

    public static implicit operator Argument(bool value) => new(ValueTag.Bool, value ? 1 : 0);

    public static implicit operator Argument(DType value) => new(ValueTag.Int, (long)value);

    /// <summary>A list of integers, such as sizes; null is <see cref="None"/>.</summary>
    public static implicit operator Argument(long[]? value) => List(ValueTag.IntList, value);

    /// <summary>A list of floating-point numbers; null is <see cref="None"/>.</summary>
    public static implicit operator Argument(double[]? value) => List(ValueTag.DoubleList, value);

    /// <summary>A list of tensors; null entries are None, and so is null.</summary>
    public static implicit operator Argument(Tensor?[]? value) => List(ValueTag.TensorList, value);

    /// <summary>A string, or the name of a device; null is <see cref="None"/>.</summary>
    public static implicit operator Argument(string? value) => List(ValueTag.String, value);

    /// <summary>The value as errors show it: tensors by type and shape.</summary>
    public override string ToString() => Reference switch
    {
        Tensor?[] list => $"[{string.Join(", ", list.Select(tensor => tensor?.ToString() ?? "none"))}]",
        long[] list => $"[{string.Join(", ", list)}]",
        double[] list => $"[{string.Join(", ", list.Select(number => number.ToString(CultureInfo.InvariantCulture)))}]",
        not null => Reference.ToString()!,
        null => Tag switch
        {
            ValueTag.None => "none",
            ValueTag.Bool => Bits != 0 ? "true" : "false",
            ValueTag.Double => BitConverter.Int64BitsToDouble(Bits).ToString(CultureInfo.InvariantCulture),
            ValueTag.Int => Bits.ToString(CultureInfo.InvariantCulture),
            _ => "the default",
        },
    };

    private static Argument List(ValueTag tag, object? value) => value is null ? None : new(tag, 0, value);
}
