namespace Espalier.Models.Tokenizers.Formats;

/// <summary>
/// What lies beside a tokenizer that is no tokenizer.json: its class, flags, special tokens and added ones, out of tokenizer_config.json,
/// special_tokens_map.json and added_tokens.json, as transformers 5 puts them together.
/// </summary>
internal sealed class SpecialTokens
{
    // In the order in which they are added.
    private static readonly string[] s_names = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    private readonly Dictionary<string, AddedToken?> _named = [];
    private readonly Dictionary<string, bool> _flags = [];
    private readonly List<AddedToken> _extra = [];

    /// <summary>Reads them.</summary>
    /// <param name="path">The tokenizer's file.</param>
    /// <param name="defaults">The named tokens of a class, where the files do not say otherwise.</param>
    public SpecialTokens(string path, IReadOnlyDictionary<string, string> defaults)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        foreach (var (name, text) in defaults)
            _named[name] = Named(text);
        var decoder = false;
        TokenizerFile.ReadBeside(Path.Combine(folder, "tokenizer_config.json"), root =>
        {
            ReadNamed(root);
            foreach (var name in new[] { "add_bos_token", "add_eos_token", "add_prefix_space", "legacy" })
                if (root[name] is { IsNull: false } flag)
                    _flags[name] = flag.Flag(false);
            ExtraIds = root["extra_ids"] is { IsNull: false } extra ? extra.Natural() : null;
            decoder = root["added_tokens_decoder"] is { IsNull: false } tokens && ReadDecoder(tokens);
            ReadExtra(root);
        });
        if (!decoder)
        {
            TokenizerFile.ReadBeside(Path.Combine(folder, "special_tokens_map.json"), root =>
            {
                ReadNamed(root);
                ReadExtra(root);
            });
            TokenizerFile.ReadBeside(Path.Combine(folder, "added_tokens.json"), ReadAdded);
        }
    }

    /// <summary>Tokens of <c>added_tokens_decoder</c>, or of added_tokens.json, by their ids there.</summary>
    public SortedDictionary<int, AddedToken> Declared { get; } = [];

    /// <summary><c>extra_ids</c>, of T5's class; null where it is not named.</summary>
    public int? ExtraIds { get; private set; }

    /// <summary>A flag, or <paramref name="whenAbsent"/>.</summary>
    public bool Flag(string name, bool whenAbsent) => _flags.GetValueOrDefault(name, whenAbsent);

    /// <summary>The text of a named token; null for none.</summary>
    public string? Text(string name) => _named.GetValueOrDefault(name)?.Content;

    /// <summary>BOS and EOS around each text, by the flags.</summary>
    public (string[] Before, string[] After) Around(bool bos, bool eos) => (
        Flag("add_bos_token", bos) && Text("bos_token") is { } first ? [first] : [],
        Flag("add_eos_token", eos) && Text("eos_token") is { } last ? [last] : []);

    /// <summary>All of them in the order in which they are added: declared, named, others.</summary>
    /// <param name="others">Those of the tokenizer's own file, before the ones of <c>extra_special_tokens</c>.</param>
    public IReadOnlyList<AddedToken> All(IEnumerable<AddedToken> others)
    {
        var named = s_names.Select(name => _named.GetValueOrDefault(name)).OfType<AddedToken>().ToList();
        var special = named.Select(static token => token.Content).ToHashSet(StringComparer.Ordinal);
        return [.. Declared.Values.Select(token => special.Contains(token.Content) ? token with { Special = true } : token), .. named,
            .. others, .. _extra];
    }

    private void ReadNamed(TokenizerNode root)
    {
        foreach (var name in s_names.Where(root.Has))
            _named[name] = root[name].IsNull ? null : Token(root[name]) with { Special = true };
    }

    private void ReadExtra(TokenizerNode root)
    {
        foreach (var name in new[] { "additional_special_tokens", "extra_special_tokens" })
            if (root[name] is { IsArray: true } list)
                _extra.AddRange(list.Items().Select(static item => Token(item) with { Special = true }));
    }

    private bool ReadDecoder(TokenizerNode root)
    {
        foreach (var (name, node) in root.Members())
            Declared[int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id
                : throw root.Refuse($"'{name}' is not an id.")] = Token(node);
        return true;
    }

    private void ReadAdded(TokenizerNode root)
    {
        var special = s_names.Select(Text).Concat(_extra.Select(static token => token.Content)).ToHashSet(StringComparer.Ordinal);
        foreach (var (text, node) in root.Members())
            Declared[node.Natural()] = Named(text) with { Special = special.Contains(text), Normalized = !special.Contains(text) };
    }

    private static AddedToken Named(string text) => new() { Id = 0, Content = text, Special = true };

    private static AddedToken Token(TokenizerNode node) => node.IsString ? Named(node.Text()) : AddedToken.Read(node);
}
