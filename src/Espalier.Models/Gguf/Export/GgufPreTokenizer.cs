using Espalier.Models.Tokenizers;

namespace Espalier.Models.Gguf.Export;

/// <summary>
/// <c>tokenizer.ggml.pre</c>: llama.cpp's name of a split, found from what the split does and never from a model's name. llama.cpp has
/// several names for most splits; where nothing tells them apart, it is the one of the model that the split is known by.
/// </summary>
internal static class GgufPreTokenizer
{
    /// <summary>
    /// The name. <c>llama-bpe</c> and <c>tekken</c> take a whole word from the vocabulary before any merge, the others never do; that
    /// matters only where merges do not reach every token.
    /// </summary>
    /// <exception cref="EspalierException">llama.cpp has none.</exception>
    public static string NameOf(TokenizerModel model, string file)
    {
        var (name, takesWholeWords) = model.Split switch
        {
            PretokenizerSplit.Llama3 => ("llama-bpe", true),
            PretokenizerSplit.Tekken => ("tekken", true),
            PretokenizerSplit.Qwen2 => ("qwen2", false),
            PretokenizerSplit.Gpt2 => ("gpt-2", false),
            PretokenizerSplit.DigitsThenGpt2 => ("smollm", false),
            PretokenizerSplit.Gpt4o => ("gpt-4o", false),
            PretokenizerSplit.DeepSeek3 => ("deepseek-v3", false),
            PretokenizerSplit.Falcon => ("falcon", false),
            PretokenizerSplit.Qwen35 => ("qwen35", false),
            var split => throw new EspalierException(
                $"{file}: its pre-tokenizer ({Words(split)}) has no name in llama.cpp, which knows those of GPT-2, of single "
                    + "digits and then GPT-2, of Llama 3, Qwen2, Qwen3.5, Tekken, GPT-4o, DeepSeek-V3 and Falcon"),
        };
        if (takesWholeWords == model.IgnoreMerges || MergesReachEveryToken(model))
            return name;
        // The same split as llama-bpe, without whole words.
        return name == "llama-bpe" ? "smaug-bpe"
            : throw new EspalierException(
                $"{file}: ignore_merges is {model.IgnoreMerges}, which llama.cpp's "
                    + $"'{name}' cannot express for tokens that no merge reaches");
    }

    private static string Words(PretokenizerSplit split) => split switch
    {
        PretokenizerSplit.None => "no split at all",
        PretokenizerSplit.Digits => "single digits only",
        _ => "a combination of splits",
    };

    private static bool MergesReachEveryToken(TokenizerModel model)
    {
        var reached = model.Merges.Select(m => m.Left + m.Right).ToHashSet(StringComparer.Ordinal);
        var added = model.AddedTokens.Select(t => t.Id).ToHashSet();
        return !model.Tokens.Where((token, id) => token is { Length: > 1 } && !added.Contains(id) && !reached.Contains(token)).Any();
    }
}
