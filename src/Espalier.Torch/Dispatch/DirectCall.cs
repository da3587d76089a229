namespace Espalier.Torch.Dispatch;

/// <summary>
/// How an operator is called that does not go through the dispatcher as it is declared: checked and held arguments in, a new handle out (0
/// for none, or <see cref="RawOp.Refused"/>).
/// </summary>
internal delegate nint DirectCall(ReadOnlySpan<Argument> arguments);
