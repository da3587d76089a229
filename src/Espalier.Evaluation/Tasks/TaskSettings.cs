using Espalier.Evaluation.Judges;

namespace Espalier.Evaluation.Tasks;

/// <summary>What the user may say of a task.</summary>
/// <param name="Benchmarks">The folder under which the files of tasks lie; null where nobody names one.</param>
/// <param name="Shots">Shots of a document; null as the task has it.</param>
/// <param name="Limit">Documents of each subject at most; null all.</param>
/// <param name="ContextLengths">Tokens of the questions that a task makes itself; null as the task has it.</param>
internal sealed record TaskSettings(
    string? Benchmarks, int? Shots = null, int? Limit = null, IReadOnlyList<int>? ContextLengths = null)
{
    /// <summary>Whether questions go through each model's own chat template.</summary>
    public bool UsesChatTemplate { get; init; }

    /// <summary>Whether programs that a model wrote are run, in a sandbox.</summary>
    public bool RunsCode { get; init; }

    /// <summary>Whether the caller keeps programs that a model wrote: only then are they asked for where they are not run.</summary>
    public bool KeepsSamples { get; init; }

    /// <summary>Who grades answers that have no right one; null where nobody does.</summary>
    public IJudge? Judge { get; init; }
}
