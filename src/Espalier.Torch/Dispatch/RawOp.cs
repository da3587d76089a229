using Espalier.Torch.Native;

namespace Espalier.Torch.Dispatch;

/// <summary>An operator that is called with words, without checks: for those who made the words.</summary>
internal sealed unsafe class RawOp
{
    /// <summary>What a call gives where libtorch refused.</summary>
    public const nint Refused = -1;

    private readonly DispatcherCall _call;
    private readonly OpSchema _schema;

    public RawOp(string schema) => _call = new(_schema = OpSchema.Parse(schema));

    public override string ToString() => _schema.Text;

    /// <summary>The result's handle; 0 where the operator works in place.</summary>
    public nint Run(params ReadOnlySpan<ulong> words)
    {
        var stack = stackalloc ulong[_call.Words];
        words.CopyTo(new(stack, _call.Words));
        if (!_call.Run(stack))
            return Refused;
        if (_schema.Results.Length == 0)
            return 0;
        if (!_schema.Text.Contains('!', StringComparison.Ordinal))
            return (nint)stack[0];
        _ = Libtorch.DeleteTensor((nint)stack[0]);
        return 0;
    }
}
