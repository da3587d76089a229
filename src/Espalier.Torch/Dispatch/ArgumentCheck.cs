using Espalier.Torch.Native;

namespace Espalier.Torch.Dispatch;

/// <summary>Whether an argument is what the schema wants; all are looked at before anything native is made of them.</summary>
internal static class ArgumentCheck
{
    private const int QuantizedFrom = 12, QuantizedTo = 14, LastType = 15, MemoryFormats = 4;

    /// <summary>The arguments with defaults filled in.</summary>
    public static void Fill(OpSchema schema, ReadOnlySpan<Argument> given, Span<Argument> full)
    {
        var wanted = schema.Parameters;
        if (given.Length > wanted.Length)
            throw new TorchException($"{schema.FullName} takes {wanted.Length} arguments but was given {given.Length}");
        for (var i = 0; i < wanted.Length; i++)
        {
            var argument = i < given.Length ? given[i] : Argument.Default;
            if (argument.Tag == ValueTag.Default)
                full[i] = wanted[i].HasDefault ? wanted[i].Default : throw Wrong(schema, wanted[i], "has no default");
            else
                full[i] = Fits(argument, wanted[i].Type)
                    ? argument
                    : throw Wrong(schema, wanted[i], $"is {Named(argument)} and should be {wanted[i].Type}");
            CheckValue(schema, wanted[i], full[i]);
        }
    }

    private static bool Fits(in Argument argument, ValueType type) => argument.Tag switch
    {
        ValueTag.None => type.IsOptional,
        ValueTag.Tensor => type is { Kind: ValueKind.Tensor, IsList: false },
        ValueTag.Int => !type.IsList && type.Kind is not (ValueKind.Tensor or ValueKind.Bool or ValueKind.Device or ValueKind.String),
        ValueTag.Double => !type.IsList && type.Kind is ValueKind.Float or ValueKind.Scalar,
        ValueTag.Bool => !type.IsList && type.Kind is ValueKind.Bool or ValueKind.Scalar,
        ValueTag.IntList => type is { Kind: ValueKind.Int or ValueKind.Bool, IsList: true },
        ValueTag.DoubleList => type is { Kind: ValueKind.Float, IsList: true },
        ValueTag.TensorList => type is { Kind: ValueKind.Tensor, IsList: true },
        ValueTag.String => !type.IsList && type.Kind is ValueKind.String or ValueKind.Device,
        _ => false,
    };

    // libtorch trusts enumerations to be in range.
    private static void CheckValue(OpSchema schema, Parameter parameter, in Argument argument)
    {
        var bits = argument.Bits;
        if (argument.Tag == ValueTag.Int)
        {
            var wrong = parameter.Type.Kind switch
            {
                ValueKind.ScalarType => bits is < 0 or > LastType or (>= QuantizedFrom and <= QuantizedTo),
                ValueKind.Layout => bits != 0, // dense alone
                ValueKind.MemoryFormat => bits is < 0 or >= MemoryFormats,
                _ => false,
            };
            if (wrong)
                throw Wrong(schema, parameter, $"is {bits}, which is not a {parameter.Type.Kind}");
        }
        else if (parameter.Type.Kind == ValueKind.Device && argument.Reference is string device && !Devices.TryParse(device, out _))
            throw Wrong(schema, parameter, $"is the device '{device}', but must be cpu, cuda, cuda:N or meta");
        else if (!parameter.Type.EntriesAreOptional
            && argument.Reference is Tensor?[] tensors && Array.IndexOf(tensors, null) is >= 0 and var place)
            throw Wrong(schema, parameter, $"is null at index {place}");
    }

    private static TorchException Wrong(OpSchema schema, Parameter parameter, string what) =>
        new($"{schema.FullName}: argument '{parameter.Name}' {what}");

    private static string Named(in Argument argument) => argument.Tag switch
    {
        ValueTag.None => "none",
        ValueTag.Tensor => "a tensor",
        ValueTag.Int => "an integer",
        ValueTag.Double => "a number",
        ValueTag.Bool => "a bool",
        ValueTag.IntList => "a list of integers",
        ValueTag.DoubleList => "a list of numbers",
        ValueTag.TensorList => "a list of tensors",
        ValueTag.String => "a string",
        _ => "the default",
    };
}
