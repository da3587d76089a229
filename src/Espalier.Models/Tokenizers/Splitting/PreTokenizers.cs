using Espalier.Models.Tokenizers.Expressions;
using Espalier.Models.Tokenizers.Formats;
using Espalier.Models.Tokenizers.Text;

namespace Espalier.Models.Tokenizers.Splitting;

/// <summary>What the pre-tokenizers of tokenizer.json come to: a chain of steps before the model, and its description.</summary>
internal sealed class PreTokenizers
{
    private readonly List<Func<WordStep, WordStep>> _steps = [];
    private readonly SplitDescription _description = new();

    // How many steps there were when the last known expression was added: nothing came after it while there are as many.
    private int _lastSplit;
    private PretokenizerSplit _lastKind;

    private readonly bool _hasNoSpace;

    private PreTokenizers(bool hasNoSpace) => _hasNoSpace = hasNoSpace;

    /// <summary>The model's symbols are bytes.</summary>
    public bool ByteLevel { get; private set; }

    /// <summary>The bytes are written in their alphabet by a step, for further ones come after it: the model need not.</summary>
    public bool WritesAlphabet { get; private set; }

    /// <summary>A space (or the mark) is put in front.</summary>
    public bool PrefixesSpace { get; private set; }

    /// <summary>When the mark is put in front, where Metaspace is among them.</summary>
    public PrependScheme? Scheme { get; private set; }

    /// <summary>The mark that stands for spaces, where Metaspace is among them.</summary>
    public char? Mark { get; private set; }

    /// <summary>What the splits come to together.</summary>
    public PretokenizerSplit Split => _description.Kind;

    /// <summary>Reads a node of the file, which may be null.</summary>
    /// <param name="node">The node.</param>
    /// <param name="hasNoSpace">Whether the normalizer leaves no space in any text.</param>
    public static PreTokenizers Read(TokenizerNode node, bool hasNoSpace = false)
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
        if (ByteLevel && !WritesAlphabet && type != "Sequence")
        {
            WritesAlphabet = true;
            AddStep("bytes", static next => new ByteLevelStep(next));
        }
        switch (type)
        {
            case "Sequence":
                foreach (var item in node["pretokenizers"].Items())
                    Add(item);
                break;
            case "ByteLevel":
                AddByteLevel(node);
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
            case "Punctuation":
                var behavior = Behavior(node, "Isolated");
                AddStep($"punctuation {behavior}", next => new CharacterStep(OlderUnicode.IsPunctuation, behavior, next));
                break;
            case "Whitespace":
                AddStep("words", static next => new WordsStep(next));
                break;
            case "WhitespaceSplit":
                AddStep("spaces", static next => new CharacterStep(CodePointSet.IsSpace, CutBehavior.Removed, next));
                break;
            case "BertPreTokenizer":
                AddStep("spaces", static next => new CharacterStep(CodePointSet.IsSpace, CutBehavior.Removed, next));
                AddStep("punctuation Isolated",
                    static next => new CharacterStep(OlderUnicode.IsPunctuation, CutBehavior.Isolated, next));
                break;
            case "CharDelimiterSplit":
                var delimiter = node["delimiter"].Text();
                AddStep("delimiter", next => new TextStep(delimiter, CutBehavior.Removed, invert: false, next));
                break;
            default:
                throw node.Refuse(
                    $"pre-tokenizer '{type}' is not supported; supported are Sequence, ByteLevel, Split, Digits, Metaspace, Punctuation, "
                        + "Whitespace, WhitespaceSplit, BertPreTokenizer and CharDelimiterSplit.");
        }
    }

    private void AddStep(string name, Func<WordStep, WordStep> make)
    {
        _steps.Add(make);
        _description.Add(name);
    }

    private void AddByteLevel(TokenizerNode node)
    {
        if (ByteLevel)
            throw node.Refuse("ByteLevel appears a second time, which is not supported.");
        if (node["add_prefix_space"].Flag(true))
        {
            PrefixesSpace = true;
            _steps.Add(static next => new PrefixSpaceStep(next));
        }
        if (node["use_regex"].Flag(true))
            Add(SplitScanner.Gpt2);
        ByteLevel = true;
    }

    private void Add(SplitScanner scanner)
    {
        // A split of what it has just split itself changes nothing: files write GPT-2's out and leave ByteLevel's own on.
        if (_steps.Count > 0 && _steps.Count == _lastSplit && _lastKind == scanner.Kind)
            return;
        AddStep(scanner.Kind.ToString(), next => new ScannerStep(scanner, next));
        (_lastSplit, _lastKind) = (_steps.Count, scanner.Kind);
    }

    private void AddDigits(bool individual) =>
        AddStep(individual ? nameof(PretokenizerSplit.Digits) : "digit runs", next => new DigitsStep(individual, next));

    private void AddSplit(TokenizerNode node)
    {
        var (behavior, invert) = (Behavior(node, null), node["invert"].Flag(false));
        if (node["pattern"]["Regex"] is not { IsNull: false } pattern)
        {
            var text = node["pattern"]["String"].Text();
            // Gemma's files split at spaces that their normalizer has replaced all of.
            if (_hasNoSpace && text == " ")
                return;
            AddStep($"text {behavior} {invert} {text}", next => new TextStep(text, behavior, invert, next));
            return;
        }
        // The known expressions match every character, so keeping the matches alone is the same as isolating them.
        var isolates = (behavior, invert) is (CutBehavior.Isolated, _) or (CutBehavior.Removed, true);
        if (behavior == CutBehavior.Isolated && pattern.Text() == @"\p{N}")
            AddDigits(individual: true);
        else if (isolates && SplitScanner.Find(pattern.Text()) is { } scanner)
            Add(scanner);
        else
        {
            var expression = Expression.Parse(pattern.Text(), pattern.Refuse);
            AddStep($"{(isolates ? CutBehavior.Isolated : behavior)} {invert && !isolates} {pattern.Text()}",
                next => new ExpressionStep(expression, behavior, invert, next));
        }
    }

    private static CutBehavior Behavior(TokenizerNode node, string? whenAbsent)
    {
        var name = whenAbsent is null ? node["behavior"].Text() : node["behavior"].Text(whenAbsent);
        return Enum.TryParse<CutBehavior>(name, out var behavior) && Enum.IsDefined(behavior) && !char.IsAsciiDigit(name[0]) ? behavior
            : throw node["behavior"].Refuse($"'{name}' is not one of {string.Join(", ", Enum.GetNames<CutBehavior>())}.");
    }

    private void AddMetaspace(TokenizerNode node)
    {
        var text = node["replacement"].Text();
        if (text.Length != 1 || char.IsSurrogate(text[0]))
            throw node["replacement"].Refuse($"one character of the basic plane is needed here, not '{text}'.");
        var (mark, scheme, split) = (text[0], ReadScheme(node), node["split"].Flag(true));
        _steps.Add(next => new MetaspaceStep(mark, scheme, split, next));
        (Mark, Scheme) = (mark, scheme);
        PrefixesSpace |= scheme != PrependScheme.Never;
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
