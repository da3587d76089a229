using Espalier.Evaluation.Conversations;
using Espalier.Evaluation.Requests;
using Espalier.Models.Tokenizers;

namespace Espalier.Evaluation.Tasks;

/// <summary>A model that is asked; its weights are loaded when the first question needs them.</summary>
/// <param name="Decoder">The model for log-likelihoods.</param>
/// <param name="Generations">The model for texts.</param>
/// <param name="Known">What models gave before, with the hash of this model's folder; null where nothing is remembered.</param>
internal sealed record AskedModel(
    Tokenizer Tokenizer, Func<Decoder> Decoder, Func<Generations> Generations, (ScoreCache Cache, string Hash)? Known = null)
{
    /// <summary>Tokens that the model has positions for.</summary>
    public int Positions { get; init; } = int.MaxValue;

    /// <summary>Ids that its embedding has rows for.</summary>
    public int Rows { get; init; } = int.MaxValue;

    /// <summary>Reads the model's own chat template; null where nobody knows its folder.</summary>
    public Func<ConversationForm>? Template { get; init; }

    /// <summary>The model's chat template, where it is asked through it; null where it reads plain text.</summary>
    public ConversationForm? Chat { get; init; }

    /// <summary>Which of several sampled answers it writes; null where it writes the one greedy answer.</summary>
    public Attempt? Attempt { get; init; }

    /// <summary>How a conversation is written for it.</summary>
    public ConversationForm Form => Chat ?? ConversationForm.Plain;

    /// <summary>What is remembered of this model's answers to something; null where nothing is.</summary>
    /// <param name="asked">Everything that the answers depend on beside the model.</param>
    public CacheFile<T>? Kept<T>(IEnumerable<string> asked) where T : class => Known?.Cache.Of<T>(Known.Value.Hash, asked);
}
