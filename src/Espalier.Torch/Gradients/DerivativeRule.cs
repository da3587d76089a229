using Espalier.Torch.Dispatch;

namespace Espalier.Torch.Gradients;

/// <summary>
/// What an operator's backward is, made at each recorded call from its arguments and its result; null where this call's result has no
/// gradient.
/// </summary>
internal delegate Backward? Derivative(ref Recording call);

/// <summary>Gradient goes through by a derivative, which each call records.</summary>
internal sealed class DerivativeRule(Derivative derivative) : Rule
{
    public override void Record(ReadOnlySpan<Argument> arguments, ReadOnlySpan<Tensor> results)
    {
        var recording = new Recording(arguments, results);
        if (derivative(ref recording) is { } backward)
            recording.Record(backward);
    }
}
