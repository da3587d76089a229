using Espalier.Evaluation.Contamination;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;

namespace Espalier.Cli.Commands.Evaluating;

/// <summary>What <c>evaluate --tasks --json</c> prints.</summary>
/// <param name="Models">The models' folders; the first is the one that the others are compared with.</param>
/// <param name="Tasks">The tasks.</param>
/// <param name="PerDocument">The file of <c>--per-document</c>, where it was asked for.</param>
/// <param name="Samples">The file of <c>--samples</c>, where it was asked for.</param>
/// <param name="Judge">Who graded, where somebody did.</param>
/// <param name="Pairs">With <c>--judge-pairs</c> each further model's answers beside the first one's.</param>
/// <param name="Contamination">What the tasks share with a training text, where one was named.</param>
/// <param name="Limit">Documents of each subject at most, where the user says so.</param>
/// <param name="MaxTokens">Most tokens of a text, where the user says so.</param>
/// <param name="ChatTemplate">Whether questions went through each model's chat template.</param>
/// <param name="Attempts">How questions were answered several times; null where greedily alone.</param>
internal sealed record TaskReport(IReadOnlyList<string> Models, IReadOnlyList<TaskComparison> Tasks, string? PerDocument,
    string? Samples = null, string? Judge = null, IReadOnlyList<JudgedPair>? Pairs = null,
    ContaminationReport? Contamination = null, int? Limit = null, int? MaxTokens = null, bool ChatTemplate = false,
    Attempts? Attempts = null)
{
    public int Comparisons => Tasks.Sum(task => task.Comparisons.Count(comparison => comparison.IsCompared));
}

/// <summary>A model's answers beside those of the first model, as a judge sees them in both orders.</summary>
/// <param name="Task">The task.</param>
/// <param name="Model">The model.</param>
/// <param name="Wins">Answers that are better in both orders.</param>
/// <param name="Losses">Answers that are worse in both.</param>
/// <param name="Ties">All others that were judged.</param>
/// <param name="Unjudged">Answers without a verdict in one order or both.</param>
/// <param name="WinRate">Wins and half of the ties, of all that were judged; null where none was.</param>
/// <param name="Lower">Lower end of its 95 % interval, over questions; null where fewer than two were judged.</param>
/// <param name="Upper">Upper end.</param>
/// <param name="Probability">Of a rate at least so far from a half between equally good models.</param>
internal sealed record JudgedPair(string Task, string Model, int Wins, int Losses, int Ties, int Unjudged, double? WinRate,
    double? Lower, double? Upper, double? Probability);
