namespace Espalier.Models.Tokenizers.Formats;

/// <summary>
/// What transformers' class of a tokenizer makes of BOS and EOS. The classes of Llama's kind write the post-processor anew from
/// <c>add_bos_token</c> and <c>add_eos_token</c> when they load a folder, whatever template tokenizer.json holds
/// (<c>update_post_processor</c> of transformers 4). All other classes keep the template and do not read the flags.
/// </summary>
/// <param name="Name">The class, as the folder says or as its model type implies.</param>
/// <param name="Bos">The token taken for BOS where no file names one.</param>
/// <param name="Eos">The token taken for EOS where no file names one.</param>
/// <param name="Source">The file that the flags are read from, for messages.</param>
internal sealed record TokenizerClass(string Name, string Bos, string Eos, string Source)
{
    private const string Ending = "Fast";

    private bool? AddsBos { get; init; }

    private bool? AddsEos { get; init; }

    /// <summary>The class of the tokenizer in a folder, if it is of Llama's kind; else null.</summary>
    /// <exception cref="EspalierException">A flag that is neither true nor false.</exception>
    public static TokenizerClass? Of(string tokenizerPath)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(tokenizerPath))!;
        var config = Path.Combine(folder, "tokenizer_config.json");
        var (named, bos, eos) = ((string?)null, (bool?)null, (bool?)null);
        TokenizerFile.ReadBeside(config, root =>
            (named, bos, eos) = (root["tokenizer_class"].Text(""), Flag(root, "add_bos_token"), Flag(root, "add_eos_token")));
        var name = string.IsNullOrEmpty(named) ? Implied(Path.Combine(folder, "config.json"), static type => type is "llama" or "mistral" ? "LlamaTokenizer" : null)
            : named;
        return OfName(name, config) is { } found ? found with { AddsBos = bos, AddsEos = eos } : null;
    }

    /// <summary>The template that this class puts in place of the one in tokenizer.json.</summary>
    /// <param name="template">That of tokenizer.json.</param>
    /// <param name="bos">BOS, if there is such a token.</param>
    /// <param name="eos">EOS, if there is such a token.</param>
    /// <exception cref="EspalierException">A flag asks for a token that there is not.</exception>
    public PostProcessor Replace(PostProcessor template, int? bos, int? eos) => new(
        Side(AddsBos, whenAbsent: true, bos, "bos", template.Before),
        Side(AddsEos, whenAbsent: false, eos, "eos", template.After));

    private IReadOnlyList<int> Side(bool? flag, bool whenAbsent, int? id, string token, IReadOnlyList<int> template)
    {
        if (!(flag ?? whenAbsent))
            return [];
        if (id is { } known)
            return [known];
        // Nobody asked for it in so many words, and without a token there is nothing to add.
        return flag is null ? template : throw new EspalierException(
            $"{Source}: add_{token}_token is true for {Name}, but {token}_token names no token "
                + $"of tokenizer.json: name one there, or set add_{token}_token to false.");
    }

    /// <summary>
    /// The class that a folder names, or that transformers has for its model's type; null where neither is known. For forms other than
    /// tokenizer.json, which do not say how text is split.
    /// </summary>
    public static string? NameIn(string folder)
    {
        var named = "";
        TokenizerFile.ReadBeside(Path.Combine(folder, "tokenizer_config.json"), root => named = root["tokenizer_class"].Text(""));
        return named.Length > 0 ? named : Implied(Path.Combine(folder, "config.json"), static type => type switch
        {
            "llama" or "mistral" or "mixtral" => "LlamaTokenizer",
            "gemma" or "gemma2" or "gemma3" or "gemma3_text" => "GemmaTokenizer",
            "gpt2" or "gptj" or "gpt_bigcode" or "codegen" or "opt" or "phi" or "starcoder2" => "GPT2Tokenizer",
            "gpt_neox" or "olmo" or "mpt" or "stablelm" => "GPTNeoXTokenizer",
            "qwen2" or "qwen3" or "qwen2_moe" or "qwen3_moe" => "Qwen2Tokenizer",
            "t5" or "mt5" => "T5Tokenizer",
            "roberta" => "RobertaTokenizer",
            "bart" => "BartTokenizer",
            _ => null,
        });
    }

    private static TokenizerClass? OfName(string? name, string source) =>
        (name?.EndsWith(Ending, StringComparison.Ordinal) == true ? name[..^Ending.Length] : name) switch
        {
            "LlamaTokenizer" or "CodeLlamaTokenizer" => new(name!, "<s>", "</s>", source),
            "GemmaTokenizer" => new(name!, "<bos>", "<eos>", source),
            "CohereTokenizer" => new(name!, "<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>", source),
            _ => null,
        };

    /// <summary>
    /// What config.json says where tokenizer_config.json does not: its own <c>tokenizer_class</c>, else the class of its model type.
    /// </summary>
    private static string? Implied(string path, Func<string, string?> ofType)
    {
        string? name = null;
        try
        {
            TokenizerFile.ReadBeside(path, root => name = root["tokenizer_class"] is { IsString: true } named ? named.Text()
                : root["model_type"] is { IsString: true } type ? ofType(type.Text()) : null);
        }
        catch (EspalierException)
        {
            // What is wrong with a model's config.json is told where the model is opened.
        }
        return name;
    }

    // null is no flag to Python, which means false.
    private static bool? Flag(TokenizerNode root, string name) =>
        root.Has(name) ? root[name].Flag(whenAbsent: false) : null;
}
