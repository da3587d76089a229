using Espalier.Models.Tokenizers.Bpe;

namespace Espalier.Models.Tokenizers.Formats;

/// <summary>Reads and checks what tokenizer.json says about tokens: vocabulary, added tokens and merges.</summary>
internal sealed class VocabularyReader
{
    // Ids may leave gaps, but no file of a few bytes may ask for a table of gigabytes.
    private const int MostUnusedIds = 1_000_000;

    private readonly Dictionary<int, string> _byId = [];

    /// <summary>The model's own vocabulary, without tokens that are only added.</summary>
    public Dictionary<string, int> Vocabulary { get; } = new(StringComparer.Ordinal);

    /// <summary>All tokens that the model or the list of added tokens holds.</summary>
    public Dictionary<string, int> AllTokens { get; } = new(StringComparer.Ordinal);

    /// <summary>By ascending id.</summary>
    public List<AddedToken> AddedTokens { get; } = [];

    /// <summary>In order of rank.</summary>
    public List<(string Left, string Right)> Merges { get; } = [];

    /// <summary>The merges by ids.</summary>
    public MergeTable Table { get; private set; } = new(0);

    /// <summary>Raw token strings by id.</summary>
    public string?[] Tokens { get; private set; } = [];

    /// <summary>The pieces of a Unigram model by id, with their scores; empty for the other models.</summary>
    public List<(string Text, double Score)> Pieces { get; } = [];

    public static VocabularyReader Read(TokenizerNode root)
    {
        var reader = new VocabularyReader();
        if (root["model"]["vocab"] is { IsArray: true } pieces)
            reader.ReadPieces(pieces);
        else
            reader.ReadVocabulary(root["model"]["vocab"]);
        if (!root["added_tokens"].IsNull)
            reader.ReadAddedTokens(root["added_tokens"]);
        reader.FillTokens();
        if (root["model"]["merges"] is { IsNull: false } merges)
            reader.ReadMerges(merges);
        return reader;
    }

    private void ReadPieces(TokenizerNode node)
    {
        foreach (var item in node.Items())
        {
            if (item.Items().Take(3).ToList() is not [var text, var score])
                throw item.Refuse("a piece must be a pair of a text and a score.");
            // Of the same pieces the last counts, as in the reference library.
            _byId.Add(Pieces.Count, text.Text());
            Vocabulary[text.Text()] = AllTokens[text.Text()] = Pieces.Count;
            Pieces.Add((text.Text(), score.Number()));
        }
        if (Pieces.Count == 0)
            throw node.Refuse("the vocabulary is empty.");
    }

    private void ReadVocabulary(TokenizerNode node)
    {
        foreach (var (token, value) in node.Members())
        {
            if (!value.IsNatural(out var id))
                throw node.Refuse($"the id of '{token}' is not a whole number from 0 to {int.MaxValue}.");
            if (!_byId.TryAdd(id, token))
                throw node.Refuse($"id {id} belongs to both '{_byId[id]}' and '{token}'.");
            Vocabulary.Add(token, id);
            AllTokens.Add(token, id);
        }
        if (Vocabulary.Count == 0)
            throw node.Refuse("the vocabulary is empty.");
        var highest = _byId.Keys.Max();
        if (highest >= _byId.Count + MostUnusedIds)
            throw node.Refuse($"the highest id is {highest}, with only {_byId.Count} tokens; at most {MostUnusedIds} ids may be unused.");
    }

    private void ReadAddedTokens(TokenizerNode node)
    {
        var nextId = Vocabulary.Count;
        var added = new HashSet<int>();
        foreach (var item in node.Items())
        {
            var token = AddedToken.Read(item) with { Id = item["id"].Natural() };
            if (token.Content.Length == 0)
                continue; // The reference library passes over these, too.
            if (!added.Add(token.Id))
                throw item.Refuse($"id {token.Id} is added twice.");
            if (AllTokens.TryGetValue(token.Content, out var known) && known != token.Id)
                throw item.Refuse($"'{token.Content}' has id {token.Id} here and id {known} elsewhere.");
            if (!Vocabulary.ContainsKey(token.Content) && token.Id != nextId)
                throw item.Refuse(
                    $"'{token.Content}' has id {token.Id}, but the reference library would number "
                        + $"it {nextId}: added tokens follow the vocabulary without gaps.");
            if (!_byId.TryAdd(token.Id, token.Content) && _byId[token.Id] != token.Content)
                throw item.Refuse($"id {token.Id} belongs to both '{_byId[token.Id]}' and '{token.Content}'.");
            AllTokens[token.Content] = token.Id;
            AddedTokens.Add(token);
            nextId = Math.Max(nextId, token.Id + 1);
        }
        AddedTokens.Sort((a, b) => a.Id.CompareTo(b.Id));
    }

    private void FillTokens()
    {
        Tokens = new string?[_byId.Keys.Max() + 1];
        foreach (var (id, token) in _byId)
            Tokens[id] = token;
    }

    private void ReadMerges(TokenizerNode node)
    {
        foreach (var item in node.Items())
        {
            var (left, right) = item.IsArray ? Pair(item) : Halves(item);
            Merges.Add((left, right));
        }
        Table = new(Merges.Count);
        for (var rank = 0; rank < Merges.Count; rank++)
        {
            var (left, right) = Merges[rank];
            Table.Set(IdOf(left, rank, node), IdOf(right, rank, node), rank, IdOf(left + right, rank, node));
        }
    }

    private int IdOf(string token, int rank, TokenizerNode node) => Vocabulary.TryGetValue(token, out var id)
        ? id
        : throw node.Refuse(
            $"merge {rank} ('{Merges[rank].Left}' + '{Merges[rank].Right}') needs the token '{token}', which is not in the vocabulary.");

    private static (string Left, string Right) Pair(TokenizerNode node) =>
        node.Items().Select(part => part.Text()).Take(3).ToList() is [var left, var right]
        ? (left, right)
        : throw node.Refuse("a merge must be a pair of strings.");

    private static (string Left, string Right) Halves(TokenizerNode node) => node.Text().Split(' ') is [var left, var right]
        ? (left, right)
        : throw node.Refuse($"the merge '{node.Text()}' is not two tokens with one space between them.");
}
