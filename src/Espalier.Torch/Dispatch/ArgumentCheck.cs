namespace Espalier.Torch.Dispatch;

/// <summary>Whether an argument is what the schema wants; all are looked at before anything native is made of them.</summary>
internal static class ArgumentCheck
{
    private const int QuantizedFrom = 12, QuantizedTo = 14, LastType = 15;

    /// <summary>The arguments with defaults filled in.</summary>
    /// <param name="schema">What is wanted.</param>
    /// <param name="given">What is given; those at the end may be left out.</param>
    /// <param name="full">Receives as many as are wanted.</param>
    /// <param name="numbers">Whether a number may stand for a tensor behind the first one.</param>
    public static void Fill(OpSchema schema, ReadOnlySpan<Argument> given, Span<Argument> full, bool numbers)
    {
        var wanted = schema.Parameters;
        if (given.Length > wanted.Length)
            throw new TorchException($"{schema.FullName} takes {wanted.Length} arguments but was given {given.Length}");
        for (var i = 0; i < wanted.Length; i++)
        {
            full[i] = i < given.Length && given[i].Tag != ValueTag.Default ? given[i] : wanted[i].Default;
            var isNumber = numbers && i > 0 && wanted[i] is { Kind: ValueKind.Tensor, IsList: false } && full[i].IsNumber;
            if (!isNumber && Wrong(full[i], wanted[i]) is { } wrong)
                throw new TorchException($"{schema.FullName}: argument '{wanted[i].Name}' {wrong}");
        }
    }

    private static string? Wrong(in Argument argument, Parameter wanted)
    {
        if (argument.Tag == ValueTag.Default)
            return "has no default";
        if (!Fits(argument, wanted))
            return $"is {argument} and should be {wanted.Type}";
        // libtorch trusts enumerations to be in range.
        if (wanted.Kind == ValueKind.ScalarType && argument.Tag == ValueTag.Int
            && argument.Bits is < 0 or > LastType or (>= QuantizedFrom and <= QuantizedTo))
            return $"is {argument}, which is not a ScalarType";
        return !wanted.EntriesAreOptional && argument.Reference is Tensor?[] tensors && Array.IndexOf(tensors, null) is >= 0 and var place
            ? $"has no tensor at place {place}: a tensor is null" : null;
    }

    private static bool Fits(in Argument argument, Parameter wanted) => argument.Tag switch
    {
        ValueTag.None => wanted.IsOptional,
        ValueTag.IntList => wanted is { Kind: ValueKind.Int or ValueKind.Bool, IsList: true },
        ValueTag.TensorList => wanted is { Kind: ValueKind.Tensor, IsList: true },
        _ when wanted.IsList => false,
        ValueTag.Tensor => wanted.Kind == ValueKind.Tensor,
        ValueTag.Int => wanted.Kind is ValueKind.Int or ValueKind.Float or ValueKind.Scalar or ValueKind.ScalarType,
        ValueTag.Double => wanted.Kind is ValueKind.Float or ValueKind.Scalar,
        ValueTag.Bool => wanted.Kind is ValueKind.Bool or ValueKind.Scalar,
        _ => wanted.Kind == ValueKind.Device,
    };
}
