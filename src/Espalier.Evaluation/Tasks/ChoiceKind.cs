namespace Espalier.Evaluation.Tasks;

/// <summary>Which of several continuations of one context is the likeliest.</summary>
/// <param name="Options">The choices.</param>
internal sealed record ChoiceKind(ChoiceOptions Options) : TaskKind
{
    /// <inheritdoc/>
    public override string Name => "choice";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Metrics => ["acc", "acc_norm", "acc_bytes"];

    /// <summary>Reads its keys.</summary>
    public static ChoiceKind Read(TaskFields fields) => new(ChoiceOptions.Read(fields));
}
