using Espalier.Compression.Alignment.Reading;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Alignment.Packing;

/// <summary>
/// Writes windows of whole conversations: a token store, in which each conversation is a document and what is left of a window another one,
/// and beside it <c>counted.bin</c>, a byte for each token: 1 where its prediction counts in the loss.
/// </summary>
internal sealed class WindowStoreWriter : IDisposable
{
    internal const string CountedName = "counted.bin";

    private readonly string _folder;
    private readonly TokenStoreWriter _tokens;
    private readonly int _length, _padding;
    private readonly List<byte> _counted = [];

    /// <summary>Begins a store in a folder, which is created.</summary>
    /// <param name="encoder">The tokenizer; windows are filled up with its EOS.</param>
    /// <param name="length">Tokens of a window: those of a sequence and one more.</param>
    /// <param name="source">What the data is, for messages.</param>
    public WindowStoreWriter(string folder, DocumentEncoder encoder, int length, string source)
    {
        (_folder, _length, _padding) = (folder, length, encoder.EosId ?? 0);
        _tokens = new(folder, encoder, source);
    }

    /// <summary>Windows so far.</summary>
    public long Windows { get; private set; }

    /// <summary>Conversations so far.</summary>
    public long Conversations { get; private set; }

    /// <summary>Tokens of the conversations so far.</summary>
    public long Tokens { get; private set; }

    /// <summary>Tokens so far that count in the loss.</summary>
    public long Counted { get; private set; }

    /// <summary>Writes a window.</summary>
    /// <param name="conversations">What stands in it, one after the other; together not longer than a window.</param>
    public void Add(IEnumerable<EncodedConversation> conversations)
    {
        var used = 0;
        foreach (var conversation in conversations)
        {
            Append(conversation.Ids, conversation.Counts, conversation.Text);
            used += conversation.Ids.Length;
            Conversations++;
            Counted += conversation.Counted;
        }
        Tokens += used;
        if (used < _length)
        {
            int[] rest = [.. Enumerable.Repeat(_padding, _length - used)];
            Append(rest, new bool[rest.Length], "");
        }
        Windows++;
    }

    /// <summary>Ends the store: the flags first, then the tokens' index, the last act.</summary>
    public void Finish()
    {
        var path = Path.Combine(_folder, CountedName);
        DurableOutput.WriteFile(path, _counted.Count,
            stream => stream.Write(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_counted)));
        _tokens.Finish();
    }

    public void Dispose() => _tokens.Dispose();

    private void Append(int[] ids, bool[] counts, string text)
    {
        _tokens.Append(ids, System.Text.Encoding.UTF8.GetByteCount(text));
        foreach (var counted in counts)
            _counted.Add(counted ? (byte)1 : (byte)0);
    }
}
