namespace Espalier.Models.Tokenizers;

/// <summary>What the pre-tokenizers of tokenizer.json come to: a chain of steps before the model, and its description.</summary>
internal sealed class PreTokenizers
{
    private readonly List<Func<WordStep, WordStep>> _steps = [];
    private readonly List<PretokenizerSplit> _splits = [];

    // How many steps there were when the last known expression was added: nothing came after it while there are as many.
    private int _lastSplit;

    private readonly bool _hasNoSpace;

    private PreTokenizers(bool hasNoSpace) => _hasNoSpace = hasNoSpace;

    /// <summary>The model's symbols are bytes.</summary>
    public bool ByteLevel { get; private set; }

    /// <summary>A space (or the mark) is put in front.</summary>
    public bool PrefixesSpace { get; private set; }

    /// <summary>Whether that is done at the start of a text alone.</summary>
    public bool PrefixesStartAlone { get; private set; }

    /// <summary>The mark that stands for spaces, where Metaspace is among them.</summary>
    public char? Mark { get; private set; }

    /// <summary>What the splits come to together.</summary>
    public PretokenizerSplit Split => _splits switch
    {
        [] => PretokenizerSplit.None,
        [var single] => single,
        [PretokenizerSplit.Digits, PretokenizerSplit.Gpt2] => PretokenizerSplit.DigitsThenGpt2,
        _ => PretokenizerSplit.Other,
    };

    /// <summary>Reads a node of the file, which may be null.</summary>
    /// <param name="node">The node.</param>
    /// <param name="hasNoSpace">Whether the normalizer leaves no space in any text.</param>
    public static PreTokenizers Read(TokenizerNode node, bool hasNoSpace)
    {
        var result = new PreTokenizers(hasNoSpace);
        if (!node.IsNull)
            result.Add(node);
        return result;
    }

    /// <summary>The chain, ending in the model.</summary>
    public WordStep Build(WordStep model) => Enumerable.Reverse(_steps).Aggregate(model, (next, make) => make(next));

    private void Add(TokenizerNode node)
    {
        var type = node["type"].Text();
        if (ByteLevel)
            throw node.Refuse($"pre-tokenizer '{type}' after ByteLevel is not supported; ByteLevel must come last.");
        switch (type)
        {
            case "Sequence":
                foreach (var item in node["pretokenizers"].Items())
                    Add(item);
                break;
            case "ByteLevel":
                PrefixesSpace |= node["add_prefix_space"].Flag(true);
                if (node["add_prefix_space"].Flag(true))
                    _steps.Add(next => new PrefixSpaceStep(next));
                if (node["use_regex"].Flag(true))
                    Add(SplitScanner.Gpt2);
                ByteLevel = true;
                break;
            case "Split":
                AddSplit(node);
                break;
            case "Digits":
                AddDigits(node["individual_digits"].Flag(false));
                break;
            case "Metaspace":
                AddMetaspace(node);
                break;
            default:
                throw node.Refuse(
                    $"pre-tokenizer '{type}' is not supported; supported are Sequence, ByteLevel, Split, Digits and Metaspace.");
        }
    }

    private void Add(SplitScanner scanner)
    {
        // A split of what it has just split itself changes nothing: files write GPT-2's out and leave ByteLevel's own on.
        if (_steps.Count > 0 && _steps.Count == _lastSplit && _splits[^1] == scanner.Kind)
            return;
        _steps.Add(next => new ScannerStep(scanner, next));
        _splits.Add(scanner.Kind);
        _lastSplit = _steps.Count;
    }

    private void AddDigits(bool individual)
    {
        _steps.Add(next => new DigitsStep(individual, next));
        _splits.Add(individual ? PretokenizerSplit.Digits : PretokenizerSplit.Other);
    }

    private void AddSplit(TokenizerNode node)
    {
        // Gemma's files split at spaces that their normalizer has replaced all of.
        if (_hasNoSpace && node["pattern"]["String"] is { IsNull: false } text && text.Text() == " ")
            return;
        if (node["pattern"]["Regex"] is var pattern && pattern.IsNull)
            throw node.Refuse(
                "a Split by a plain string is not supported; the regular expressions of GPT-2, Llama 3, Qwen2 and Mistral-NeMo are.");
        if (pattern.Text() == @"\p{N}" && node["behavior"].Text() == "Isolated" && !node["invert"].Flag(false))
        {
            AddDigits(individual: true);
            return;
        }
        var scanner = SplitScanner.Find(pattern.Text())
            ?? throw pattern.Refuse(
                $"the regular expression '{pattern.Text()}' is not one of those known (GPT-2, Llama 3, Qwen2, Mistral-NeMo).");
        // The known expressions match every character, so keeping the matches alone is the same as isolating them.
        var (behavior, invert) = (node["behavior"].Text(), node["invert"].Flag(false));
        if (behavior != "Isolated" && !(behavior == "Removed" && invert))
            throw node.Refuse($"Split with behavior '{behavior}' and invert {(invert ? "true" : "false")} is not supported; Isolated is.");
        Add(scanner);
    }

    private void AddMetaspace(TokenizerNode node)
    {
        var text = node["replacement"].Text();
        if (text.Length != 1 || char.IsSurrogate(text[0]))
            throw node["replacement"].Refuse($"one character of the basic plane is needed here, not '{text}'.");
        var (mark, scheme, split) = (text[0], ReadScheme(node), node["split"].Flag(true));
        _steps.Add(next => new MetaspaceStep(mark, scheme, split, next));
        Mark = mark;
        PrefixesSpace |= scheme != PrependScheme.Never;
        PrefixesStartAlone |= scheme == PrependScheme.First;
    }

    /// <summary>The scheme of a Metaspace pre-tokenizer or decoder, in its present or its older form.</summary>
    public static PrependScheme ReadScheme(TokenizerNode node) =>
        node["prepend_scheme"].Text(node["add_prefix_space"].Flag(true) ? "always" : "never") switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            var other => throw node["prepend_scheme"].Refuse($"'{other}' is not one of always, first, never."),
        };
}
