using System.Text;
using Espalier.Models.Generation;
using Espalier.Models.Tokenizers;

namespace Espalier.Cli.Commands.Training;

/// <summary>What a model writes, id by id, up to where it ends. Not for several threads.</summary>
/// <param name="tokenizer">Makes text of ids; without one the text is the ids themselves.</param>
/// <param name="ends">Ids that end it; null for none.</param>
/// <param name="stops">Texts that end it and are no part of it.</param>
internal sealed class WrittenText(Tokenizer? tokenizer, IReadOnlySet<int>? ends, IReadOnlyList<string> stops)
{
    private readonly List<int> _ids = [];
    private readonly StringBuilder _text = new();
    private readonly TokenDecodeStream? _pieces = tokenizer?.CreateDecodeStream(skipSpecialTokens: true);
    private readonly StopText _ending = new(stops);

    /// <summary>The ids, one that ends them included.</summary>
    public IReadOnlyList<int> Ids => _ids;

    /// <summary>The text so far; null without a tokenizer.</summary>
    public string? Text => tokenizer is null ? null : _text.ToString();

    /// <summary>Whether a text that ends it came.</summary>
    public bool IsStopped => _ending.Met is not null;

    /// <summary>Takes the next id; returns the text that is now certain, often empty.</summary>
    public string Append(int id)
    {
        _ids.Add(id);
        return Say(_pieces is null ? $"{(_ids.Count > 1 ? "," : "")}{id}" : ends?.Contains(id) == true ? "" : _pieces.Append(id));
    }

    /// <summary>Ends the text; returns what was held back of it.</summary>
    public string Finish() => Say(_pieces?.Finish() ?? "") + Keep(_ending.Finish());

    /// <summary>Why it ended: eos, stop, max-tokens, or positions (the model's are used up).</summary>
    /// <param name="maxTokens">Most ids that were asked for.</param>
    public string StoppedBy(int maxTokens) =>
        _ids.Count > 0 && ends?.Contains(_ids[^1]) == true ? "eos"
            : IsStopped ? "stop"
            : _ids.Count == maxTokens ? "max-tokens" : "positions";

    private string Say(string piece) => Keep(_ending.Append(piece));

    private string Keep(string piece)
    {
        _text.Append(piece);
        return piece;
    }
}
