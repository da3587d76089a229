using Espalier.Compression.Alignment.Packing;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Mixtures;
using Espalier.Compression.Data.Pieces;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Pipeline.Stages.Running;

/// <summary>Tokens to train on and tokens held out, with the hash of what determines them. Dispose it.</summary>
/// <param name="Train">Training ids.</param>
/// <param name="HeldOut">Held-out ids; null where nothing is held out.</param>
/// <param name="Hash">Goes into the keys of the stages that read them.</param>
/// <param name="HeldOutBytesPerToken">UTF-8 bytes of held-out text a token; null for ids without text.</param>
/// <param name="Owned">What is to be disposed.</param>
internal sealed record TokenSets(ITokens Train, ITokens? HeldOut, string Hash, double? HeldOutBytesPerToken,
    IReadOnlyList<IDisposable> Owned) : IDisposable
{
    /// <summary>Where training documents begin, if attention is to end there.</summary>
    public DocumentBoundaries? Boundaries { get; init; }

    /// <summary>By what weights the windows of several sources are drawn; null where there is one text.</summary>
    public WindowMixture? Mixture { get; init; }

    /// <summary>Those training ids of which only pieces lie on the disk.</summary>
    public IReadOnlyList<StreamedTokens> Streams { get; init; } = [];

    /// <summary>The order in which a training of a seed sees the windows.</summary>
    public SampleOrder Shuffled(long windows, long seed) => Mixture?.Order(seed)
        ?? (Train is StreamedTokens streamed ? SampleOrder.ShuffledWithin(windows, streamed.Index.PieceWindows, seed)
            : SampleOrder.Shuffled(windows, seed));

    /// <summary>Training ids as windows of whole conversations; null for text.</summary>
    public WindowStore? Conversations { get; init; }

    /// <summary>The same of held-out ids.</summary>
    public WindowStore? HeldOutConversations { get; init; }

    /// <summary>Deletes the pieces that lie on the disk: nothing reads them any more.</summary>
    public void Clear()
    {
        foreach (var stream in Streams)
            stream.Clear();
    }
    public void Dispose()
    {
        foreach (var item in Owned)
            item.Dispose();
    }
}
