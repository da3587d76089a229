using Espalier.Models.Checkpoints;

namespace Espalier.Cli.Commands;

/// <summary>What <c>prune --json</c> prints.</summary>
internal sealed record PruneReport
{
    /// <summary>The folder that was written.</summary>
    public required string Output { get; init; }

    /// <summary>How the units were chosen.</summary>
    public required string Method { get; init; }

    /// <summary>The table: teacher, pruned.</summary>
    public required IReadOnlyList<PruneRow> Rows { get; init; }

    /// <summary>The file of <c>--write-plan</c>, where it was asked for.</summary>
    public string? Plan { get; init; }
}

/// <summary>One model of the table.</summary>
/// <param name="Model">teacher or pruned.</param>
/// <param name="Path">Its folder.</param>
/// <param name="HiddenSize">Width of the residual stream.</param>
/// <param name="IntermediateSize">Width of the feed-forward blocks.</param>
/// <param name="NumAttentionHeads">Query heads of a layer.</param>
/// <param name="NumKeyValueHeads">Key/value heads of a layer.</param>
/// <param name="NumHiddenLayers">Layers.</param>
/// <param name="Parameters">All parameters; a tied table counts once.</param>
/// <param name="NonEmbeddingParameters">Those outside the embedding table and the head.</param>
/// <param name="Bytes">Bytes of the weights as they are stored.</param>
internal sealed record PruneRow(
    string Model, string Path, int HiddenSize, int IntermediateSize, int NumAttentionHeads, int NumKeyValueHeads, int NumHiddenLayers, long Parameters, long NonEmbeddingParameters, long Bytes)
{
    internal static PruneRow Of(string name, Checkpoint model) => new(
        name, model.Folder, model.Config.HiddenSize, model.Config.IntermediateSize, model.Config.QueryHeads, model.Config.KeyValueHeads, model.Config.Layers,
        model.Config.Parameters, model.Config.NonEmbeddingParameters, model.TotalBytes);
}
