using System.Text.Json.Serialization;
using Espalier.Compression.Data.Records;

namespace Espalier.Pipeline.Runs.Results;

/// <summary>What one step of alignment did to the loss on its held-out part.</summary>
/// <param name="Stage">The step: <c>align 1</c>, or <c>align</c> where it is the only one.</param>
/// <param name="Method">What was done.</param>
/// <param name="Conversations">Conversations or pairs that were trained on.</param>
/// <param name="Skipped">How many records were left out, repaired or cut, by what was done or why.</param>
/// <param name="Before">The held-out part before; null where nothing is held out.</param>
/// <param name="After">The held-out part after.</param>
internal sealed record AlignRow(
    string Stage, string Method, long Conversations, IReadOnlyDictionary<string, long> Skipped, HeldOutRow? Before, HeldOutRow? After)
{
    private static readonly string[] s_kept = [.. SkipCounts.Kept.Select(EnumName.Of)];

    /// <summary>How many records were left out: those that were only repaired or cut are none of them.</summary>
    [JsonIgnore]
    public long LeftOut => Skipped.Where(static pair => !s_kept.Contains(pair.Key)).Sum(static pair => pair.Value);
}

/// <summary>A model on the held-out part of what it is aligned with.</summary>
/// <param name="Loss">Mean loss: nats a counted token, or that of a pair.</param>
/// <param name="LossSe">Its standard error over windows, or pairs.</param>
/// <param name="Counted">What the mean is over: tokens, or pairs.</param>
/// <param name="Accuracy">Of pairs: the share whose chosen answer gained more against the reference; null for conversations.</param>
/// <param name="Margin">Of pairs: the mean of beta times how much more it gained, nats.</param>
internal sealed record HeldOutRow(double Loss, double LossSe, long Counted, double? Accuracy = null, double? Margin = null);
