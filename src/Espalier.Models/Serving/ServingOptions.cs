namespace Espalier.Models.Serving;

/// <summary>How much an engine takes on.</summary>
internal sealed record ServingOptions
{
    /// <summary>Positions of a block of keys and values.</summary>
    public const int BlockSize = 16;

    /// <summary>Sequences that go on at the same time, from 1.</summary>
    public int Batch { get; init; } = 16;

    /// <summary>Requests that may wait beside those.</summary>
    public int Queue { get; init; } = 256;

    /// <summary>Most positions of a sequence, prompt and answer; null for the model's.</summary>
    public int? Context { get; init; }

    /// <summary>Bytes of keys and values; null for as much as <see cref="Batch"/> sequences of <see cref="Context"/> need.</summary>
    public long? KeyValueBytes { get; init; }

    /// <summary>
    /// Positions of prompts that go through in one step beside the sequences that go on: more take prompts in faster, and each running
    /// answer waits longer for its next id meanwhile.
    /// </summary>
    public int PromptRows { get; init; } = 64;
}

/// <summary>What an engine has done and does; totals since it began.</summary>
/// <param name="Running">Sequences that go on.</param>
/// <param name="Waiting">Requests that wait.</param>
/// <param name="Blocks">Blocks of keys and values.</param>
/// <param name="BlocksUsed">Blocks that sequences use.</param>
/// <param name="BlocksKept">Blocks that are kept for prompts that begin alike.</param>
/// <param name="PromptTokens">Ids of prompts that were begun.</param>
/// <param name="ReusedTokens">Those of them whose keys and values were there already.</param>
/// <param name="GeneratedTokens">Ids that were chosen.</param>
/// <param name="Steps">Passes through the model.</param>
/// <param name="PutBack">How often a sequence was put back because the room was full.</param>
internal sealed record ServingCounts(
    int Running, int Waiting, int Blocks, int BlocksUsed, int BlocksKept, long PromptTokens, long ReusedTokens, long GeneratedTokens,
    long Steps, long PutBack);
