using Espalier.Models.Generation.Sampling;

namespace Espalier.Evaluation.Requests;

/// <summary>A text that a model continues, and when it ends.</summary>
/// <param name="Prompt">The text; empty begins with BOS.</param>
/// <param name="Place">Where it is from, for messages.</param>
/// <param name="Sampling">How its ids are chosen, with a seed of its own; null greedily.</param>
internal sealed record GenerationRequest(string Prompt, string Place, SamplingOptions? Sampling = null);

/// <summary>Why a text ended.</summary>
internal enum GenerationEnd
{
    /// <summary>The model wrote its end of text.</summary>
    EndOfText,

    /// <summary>A stop string came.</summary>
    StopString,

    /// <summary>It had as many tokens as it may.</summary>
    Length,
}

/// <summary>What a model wrote.</summary>
/// <param name="Text">The text, up to the stop string and without it.</param>
/// <param name="Tokens">Tokens that were chosen, what ended it among them.</param>
/// <param name="Cut">Ids of the prompt that were cut on the left, for the model has not so many positions.</param>
internal sealed record Generation(string Text, int Tokens, GenerationEnd End, int Cut);
