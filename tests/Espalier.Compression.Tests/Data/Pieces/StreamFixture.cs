using Espalier.Compression.Data;
using Espalier.Compression.Data.Pieces;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Tests.Data.Pieces;

/// <summary>A text, once as a store and once in pieces.</summary>
internal sealed class StreamFixture : IDisposable
{
    public const int Window = 33;

    private readonly CorpusOptions _options;

    /// <summary>Encodes sources of <see cref="Data"/> twice.</summary>
    /// <param name="disk">Bytes that streamed ids may take.</param>
    /// <param name="change">What else is asked for.</param>
    /// <param name="sources">Writes the sources.</param>
    public StreamFixture(long disk, Func<CorpusOptions, CorpusOptions> change, Func<DataFixture, string[]> sources)
    {
        _options = change(new() { Sources = sources(Data), HeldOut = new(0.1), Window = Window });
        Whole = Corpus.Build(_options, DataFixture.Bytes, Data.At("whole"));
        // What remembers earlier texts begins anew.
        Streamed = Corpus.Build(change(_options) with { Disk = disk }, DataFixture.Bytes, Data.At("streamed"));
        Store = TokenStore.Open(Data.At("whole", Corpus.TrainFolder));
    }

    public DataFixture Data { get; } = new();

    public CorpusSummary Whole { get; }

    public CorpusSummary Streamed { get; }

    public TokenStore Store { get; }

    /// <summary>The folder of the pieces.</summary>
    public string Pieces => Data.At("pieces");

    /// <summary>Files of pieces that lie on the disk.</summary>
    public string[] OnDisk => Directory.Exists(Pieces) ? Directory.GetFiles(Pieces, "tokens.bin", SearchOption.AllDirectories) : [];

    public StreamedTokens Open(CancellationToken stop = default) => new(
        PieceSource.Open(Data.At("streamed", Corpus.TrainFolder), DocumentSource.Parse(_options.Sources), DataFixture.Bytes, Pieces),
        "the text", 258, stop);

    /// <summary>Reads a window of both and holds one against the other.</summary>
    public void SameWindow(StreamedTokens streamed, long window)
    {
        var (expected, read) = (new long[Window], new long[Window]);
        Store.Read(window * Window, expected);
        streamed.Read(window * Window, read);
        Assert.Equal(expected, read);
    }

    public void Dispose()
    {
        Store.Dispose();
        Data.Dispose();
    }

    public static string Text(int i) => $"Document {i} says änything that is {i * 7919 % 1009} words long.";

    public static string Lines(int first, int count) =>
        string.Join('\n', Enumerable.Range(first, count).Select(i => $"{{\"text\":\"{Text(i)}\"}}")) + "\n";
}
