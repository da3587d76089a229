namespace Espalier.Torch.Dispatch;

/// <summary>
/// What a schema says about memory: <c>Tensor(a)</c> of a result shares an argument's, and <c>Tensor(a!)</c> of an argument is written.
/// </summary>
/// <param name="ResultIsView">Whether results may share memory with the first tensor among the arguments.</param>
/// <param name="Written">Which arguments are written, one bit each.</param>
internal readonly record struct OpEffects(bool ResultIsView, ulong Written)
{
    /// <summary>Reads a schema such as <c>aten::add_.Tensor(Tensor(a!) self, Tensor other, *, Scalar alpha=1) -> Tensor(a!)</c>.</summary>
    public static OpEffects Of(string schema)
    {
        var (written, argument, depth) = (0UL, 0, 0);
        var at = schema.IndexOf('(', StringComparison.Ordinal) + 1;
        for (; at > 0 && at < schema.Length && depth >= 0; at++)
            switch (schema[at])
            {
                case '(' or '[':
                    depth++;
                    break;
                case ')' or ']':
                    depth--;
                    break;
                case '!':
                    written |= 1UL << argument;
                    break;
                case ',' when depth == 0 && !schema.AsSpan(0, at).EndsWith("*"):
                    argument++;
                    break;
            }
        return new(schema.AsSpan(Math.Max(0, at)).Contains("(a", StringComparison.Ordinal), written);
    }
}
