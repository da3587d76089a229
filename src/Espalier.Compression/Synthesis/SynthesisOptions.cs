using Espalier.Models.Generation;
using Espalier.Models.Generation.Sampling;

namespace Espalier.Compression.Synthesis;

/// <summary>How a teacher writes texts, and which of them are kept.</summary>
internal sealed record SynthesisOptions
{
    /// <summary>File of prompts that the teacher answers; null for none.</summary>
    public string? Prompts { get; init; }

    /// <summary>Sources of documents that the teacher goes on from the beginnings of; empty for none.</summary>
    public IReadOnlyList<string> Documents { get; init; } = [];

    /// <summary>Texts that are written; null for one a prompt, and <see cref="UsualCount"/> without prompts.</summary>
    public int? Count { get; init; }

    /// <summary>Tokens of a document that are its beginning; of a short one at most half.</summary>
    public int Beginning { get; init; } = 32;

    /// <summary>What the system says before each prompt that has no system message of its own; null for nothing.</summary>
    public string? System { get; init; }

    /// <summary>Whether prompts are continued as they stand, though the teacher has a chat template.</summary>
    public bool Plain { get; init; }

    /// <summary>Sharpness of the choice; 1 is the teacher's own distribution, 0 always the likeliest.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Only the k likeliest ids; 0 is all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the likeliest ids whose probabilities add up to this; 1 is all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>What logits of ids that stand in the text already are divided by; 1 is off.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Most tokens that are written after a prompt.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>Texts that are written at once; changes none of them.</summary>
    public int Batch { get; init; } = GeneratorBatch.Usual;

    /// <summary>Whether texts that were cut by their length, and not ended by the teacher, are kept.</summary>
    public bool KeepUnfinished { get; init; }

    /// <summary>Fewest tokens of a text; null for 1 of an answer and <see cref="UsualLeast"/> of other texts.</summary>
    public int? MinTokens { get; init; }

    /// <summary>Lowest perplexity under the teacher; 1 is any.</summary>
    public double MinPerplexity { get; init; } = 1;

    /// <summary>Highest perplexity under the teacher; null for any.</summary>
    public double? MaxPerplexity { get; init; }

    /// <summary>Highest share of stretches of four tokens that came before in the text; 1 is any.</summary>
    public double MaxRepetition { get; init; } = 0.3;

    /// <summary>Whether a text that is equal to an earlier one is kept.</summary>
    public bool KeepDuplicates { get; init; }

    /// <summary>Jaccard similarity of five words in a row from which on a text repeats an earlier one; null keeps all.</summary>
    public double? NearDuplicates { get; init; } = 0.8;

    /// <summary>Language of texts that are kept, by its code of ISO 639-1; null for any.</summary>
    public string? Language { get; init; }

    /// <summary>Benchmarks or texts that no text may share 13 words in a row with; empty for none.</summary>
    public IReadOnlyList<string> Decontaminate { get; init; } = [];

    /// <summary>Texts where nothing is said and there are no prompts.</summary>
    public const int UsualCount = 1000;

    /// <summary>Fewest tokens of a text that answers nothing.</summary>
    public const int UsualLeast = 16;

    /// <summary>How the ids of a text are chosen.</summary>
    /// <param name="seed">The text's own seed.</param>
    public SamplingOptions Sampling(int seed) => new()
    {
        Temperature = Temperature,
        TopK = TopK,
        TopP = TopP,
        RepetitionPenalty = RepetitionPenalty,
        Seed = seed,
    };
}
