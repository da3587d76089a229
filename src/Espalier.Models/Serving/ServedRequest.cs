using Espalier.Models.Generation.Sampling;

namespace Espalier.Models.Serving;

/// <summary>A prompt to continue, among others.</summary>
internal sealed record ServedRequest
{
    /// <summary>The prompt's ids, at least one.</summary>
    public required IReadOnlyList<int> Prompt { get; init; }

    public required int MaxTokens { get; init; }

    /// <summary>How ids are chosen; the seed is this request's own.</summary>
    public SamplingOptions Options { get; init; } = new();

    /// <summary>Ids that end it, which are given too; null for none.</summary>
    public IReadOnlySet<int>? StopIds { get; init; }

    /// <summary>
    /// Whether nothing follows and the mean of the hidden states is wanted: of all positions of the prompt, after the final norm.
    /// <see cref="MaxTokens"/> counts for nothing then.
    /// </summary>
    public bool Embeds { get; init; }

    /// <summary>What may come; null for everything. This request's own.</summary>
    public ITokenMask? Mask { get; init; }

    /// <summary>Whose it is, with others that were asked for together; null where it is alone.</summary>
    public ServedGroup? Group { get; init; }

    /// <summary>How many of the likeliest ids are given with each; null where no probabilities are asked for.</summary>
    public int? Likeliest { get; init; }
}

/// <summary>
/// Requests that were asked for together. Groups take turns where more wait than run at once, and one that has begun is served to its end.
/// Only the engine's thread changes it.
/// </summary>
internal sealed class ServedGroup
{
    /// <summary>Whether one of them was worked on.</summary>
    public bool HasBegun { get; set; }
}

/// <summary>An id as it was chosen.</summary>
/// <param name="Id">The id.</param>
/// <param name="Probabilities">Its probability and the likeliest ones; null where the request did not ask.</param>
internal readonly record struct ServedToken(int Id, TokenProbabilities? Probabilities);

/// <summary>Why a request ended.</summary>
internal enum ServedEnd
{
    /// <summary>An id that ends it was chosen.</summary>
    StopId,

    /// <summary>Whoever receives the ids wants no more.</summary>
    Receiver,

    /// <summary>The mask says that nothing is missing.</summary>
    Complete,

    /// <summary>As many ids as were asked for, or as there are positions.</summary>
    Length,

    /// <summary>Whoever asked has left.</summary>
    Cancelled,

    /// <summary>The engine is ending.</summary>
    ShutDown,

    /// <summary>It cannot go on.</summary>
    Failed,
}

/// <summary>Receives what follows a prompt, on the engine's thread: what it does is to be short.</summary>
internal interface IServedReceiver
{
    /// <summary>Called when the prompt is first worked on.</summary>
    /// <param name="reused">Ids of the prompt whose keys and values were there already.</param>
    void Begin(int reused);

    /// <summary>Takes the next id; false where no more is wanted.</summary>
    bool Accept(ServedToken token);

    /// <summary>Takes the mean of the hidden states, where the request is for it; called once, before the end.</summary>
    void Embed(float[] mean) => throw new NotSupportedException("this receiver only accepts ids");

    /// <summary>Called once, after the last id.</summary>
    /// <param name="end">Why.</param>
    /// <param name="failure">What went wrong, where something did.</param>
    void End(ServedEnd end, Exception? failure);
}
