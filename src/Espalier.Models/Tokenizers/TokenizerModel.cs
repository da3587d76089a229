namespace Espalier.Models.Tokenizers;

/// <summary>What a word is written in.</summary>
internal enum TokenizerKind
{
    /// <summary>Bytes, written in GPT-2's printable alphabet (GPT-2, Llama 3, Qwen, Mistral-NeMo).</summary>
    ByteLevelBpe,

    /// <summary>Characters, with U+2581 for the space (Llama 2, Mistral).</summary>
    MetaspaceBpe,

    /// <summary>Characters; the spaces between words are dropped.</summary>
    WordBpe,

    /// <summary>Pieces with scores, of which the most likely row is taken, with U+2581 for the space (T5, ALBERT).</summary>
    Unigram,

    /// <summary>The longest token first, those inside a word marked; the spaces between words are dropped (BERT).</summary>
    WordPiece,
}

/// <summary>How the text is cut into words before merging.</summary>
internal enum PretokenizerSplit
{
    /// <summary>Not at all, or only at U+2581.</summary>
    None,

    /// <summary>GPT-2's regular expression.</summary>
    Gpt2,

    /// <summary>Llama 3's: digits in runs of up to three.</summary>
    Llama3,

    /// <summary>Qwen2's: every digit alone.</summary>
    Qwen2,

    /// <summary>Mistral-NeMo's (Tekken): words also end before an upper-case letter.</summary>
    Tekken,

    /// <summary>Every digit alone, what is between them not at all.</summary>
    Digits,

    /// <summary>First every digit alone, then GPT-2's on what is between them (SmolLM, StarCoder, Granite's code models).</summary>
    DigitsThenGpt2,

    /// <summary>GPT-4o's (o200k), which GPT-OSS has, too: words end before an upper-case letter, contractions stay with them.</summary>
    Gpt4o,

    /// <summary>DeepSeek-V3's: digits by threes, then Chinese and Japanese, then words.</summary>
    DeepSeek3,

    /// <summary>Falcon's: punctuation in runs, GPT-2's, digits in runs, digits by threes.</summary>
    Falcon,

    /// <summary>Qwen3.5's: Qwen2's with marks as letters.</summary>
    Qwen35,

    /// <summary>Another supported combination, such as runs of digits and then GPT-2.</summary>
    Other,
}

/// <summary>A read-only view of a tokenizer, for writing it in another format.</summary>
internal sealed record TokenizerModel
{
    /// <summary>What a word is written in.</summary>
    public required TokenizerKind Kind { get; init; }

    /// <summary>Raw token strings by id, added tokens included; null where an id is not used.</summary>
    public required IReadOnlyList<string?> Tokens { get; init; }

    /// <summary>Pairs of raw token strings, the first merge first.</summary>
    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }

    /// <summary>Added tokens, by ascending id.</summary>
    public required IReadOnlyList<AddedToken> AddedTokens { get; init; }

    /// <summary>Whether encoding with special tokens starts with the BOS token.</summary>
    public required bool AddsBos { get; init; }

    /// <summary>Whether encoding with special tokens ends with the EOS token.</summary>
    public required bool AddsEos { get; init; }

    /// <summary>All ids that encoding with special tokens puts before the text: none, BOS, or what the template says.</summary>
    public IReadOnlyList<int> Before { get; init; } = [];

    /// <summary>All ids that encoding with special tokens puts after the text.</summary>
    public IReadOnlyList<int> After { get; init; } = [];

    /// <summary>Whether a space is put before the text.</summary>
    public required bool AddPrefixSpace { get; init; }

    /// <summary>Whether that is done at the start of a text alone, and not after each added token.</summary>
    public bool PrefixesStartAlone { get; init; }

    /// <summary>Whether the normalizer puts it there, so that added tokens are sought with it.</summary>
    public bool NormalizerPrepends { get; init; }

    /// <summary>How the text is cut into words before merging.</summary>
    public required PretokenizerSplit Split { get; init; }

    /// <summary>Normalizers that do something else than write U+2581 for the space, by the names that tokenizer.json gives them.</summary>
    public IReadOnlyList<string> Normalizers { get; init; } = [];

    /// <summary>Whether characters outside the vocabulary become <c>&lt;0xXX&gt;</c> tokens.</summary>
    public required bool ByteFallback { get; init; }

    /// <summary>Whether a whole word found in the vocabulary is taken before any merge.</summary>
    public required bool IgnoreMerges { get; init; }

    /// <summary>Scores of a Unigram model's pieces by id, natural logarithms; empty for the others.</summary>
    public IReadOnlyList<float> Scores { get; init; } = [];

    /// <summary>Id of the token for what cannot be written otherwise, if the model has one.</summary>
    public int? UnknownId { get; init; }
}
