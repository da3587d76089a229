using Espalier.Evaluation.Conversations;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Tokenizers;

namespace Espalier.Evaluation.Tasks;

/// <summary>A checkpoint's weights in the forms in which questions are asked, each loaded when it is first needed.</summary>
/// <param name="checkpoint">The checkpoint, which stays the caller's and open.</param>
/// <param name="loading">Called before the first is loaded; null for nothing.</param>
/// <param name="held">
/// The model where it is in memory, trained further than the checkpoint, of which then only config, tokens and template are read; it stays
/// the caller's.
/// </param>
internal sealed class LazyWeights(Checkpoint checkpoint, Action? loading = null, Decoder? held = null) : IDisposable
{
    private Decoder? _decoder;
    private PackedWeights? _packed;

    /// <summary>The model that gives log-likelihoods.</summary>
    public Decoder Decoder() => held ?? Loaded(ref _decoder, () => DecoderWeights.Load(checkpoint));

    /// <summary>The model as it is asked questions.</summary>
    /// <param name="known">What it gave before, with the hash of its folder; null where nothing is remembered.</param>
    public AskedModel Asked(Tokenizer tokenizer, (ScoreCache Cache, string Hash)? known) => new(
        tokenizer, Decoder,
        () => new(Loaded(ref _packed, Packed), tokenizer,
            StopIds.Of(checkpoint, tokenizer)),
        known)
    {
        Positions = checkpoint.Config.MaxPositions,
        Rows = checkpoint.Config.VocabularySize,
        Template = () => ConversationForm.OfModel(checkpoint.Folder),
    };

    public void Dispose()
    {
        _decoder?.Dispose();
        _packed?.Dispose();
        (_decoder, _packed) = (null, null);
    }

    private PackedWeights Packed() =>
        held is null ? PackedWeights.Load(checkpoint, PackedWeights.FormatOf(checkpoint)) : PackedWeights.Of(held);

    private T Loaded<T>(ref T? model, Func<T> load) where T : class
    {
        if (_decoder is null && _packed is null)
            loading?.Invoke();
        return model ??= load();
    }
}
