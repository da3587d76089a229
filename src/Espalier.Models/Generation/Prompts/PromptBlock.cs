using Espalier.Models.Generation.Packed;

namespace Espalier.Models.Generation.Prompts;

/// <summary>
/// One block of a <see cref="PromptDecoder"/>: what <see cref="Block"/> computes, on the positions of a prompt in memory that is there.
/// </summary>
internal sealed class PromptBlock : PackedBlock<PanelBuffer>
{
    private readonly PromptWorkspace _work;
    private readonly PromptAttention? _mixer;
    private readonly PromptFeedForward? _mlp;

    public PromptBlock(PackedWeights weights, int layer, PromptWorkspace work, RowBuffer? keys, RowBuffer? values) : base(weights, layer)
    {
        _work = work;
        var kind = weights.Config.LayerKinds[layer];
        if (kind.HasAttention)
            _mixer = new(weights, layer, work, keys!, values!, OutputOf(MixerOutputNorm));
        if (kind.HasFeedForward)
            _mlp = new(weights, layer, work, OutputOf(MlpOutputNorm));
    }

    /// <summary>
    /// Whether a layer's block can be one: of attention without sinks and one feed-forward half for all positions, whose unit is not cut
    /// off, or either alone.
    /// </summary>
    public static bool Takes(LayerKind kind) => !kind.HasMamba && !kind.HasDelta && !kind.HasExperts && !kind.HasSinks
        && kind.Activation != ActivationKind.ClampedSwiGlu;

    /// <summary>Takes the positions of the stream through.</summary>
    /// <param name="place">The prompt's row in the cache, the first position, and how many.</param>
    public void Forward((int Begin, int First, int Count) place)
    {
        if (_mixer is not null)
        {
            var x = Normed(InputNorm, place.Count);
            _mixer.Remember(x, place);
            LookBack(x, place);
        }
        FeedForward(place);
    }

    /// <summary>
    /// The same of the last layer, where only the last position is wanted, or none: the stream of its panel is the first one then.
    /// </summary>
    /// <param name="place">The prompt's row in the cache, the first position, and how many.</param>
    /// <param name="isWanted">Whether the last position is wanted, or only what the cache keeps.</param>
    public void End((int Begin, int First, int Count) place, bool isWanted)
    {
        var x = _mixer is null ? _work.Stream : Normed(InputNorm, place.Count);
        _mixer?.Remember(x, place);
        if (!isWanted)
            return;
        var before = _work.KeepLast(place.Count);
        place = (place.Begin, place.First + before, place.Count - before);
        LookBack(x, place);
        FeedForward(place);
    }

    private void LookBack(PanelBuffer x, (int Begin, int First, int Count) place)
    {
        if (_mixer is null)
            return;
        _mixer.LookBack(x, place, IsAddedAtOnce(MixerOutputNorm));
        Add(place.Count, MixerOutputNorm);
    }

    private void FeedForward((int Begin, int First, int Count) place)
    {
        if (_mlp is not null)
        {
            _mlp.Forward(Normed(PostAttentionNorm, place.Count), place.Count, IsAddedAtOnce(MlpOutputNorm));
            Add(place.Count, MlpOutputNorm);
        }
    }

    protected override PanelBuffer Stream => _work.Stream;

    protected override PanelBuffer NormedStream => _work.Normed;

    protected override PanelBuffer Added => _work.Added;

    protected override void Norm(PackedNorm norm, PanelBuffer x, int count, PanelBuffer to) => norm.Forward(x, count, to);

    protected override void AddScaled(PanelBuffer x, int count, double scale, PanelBuffer to) =>
        RowOps.AddScaled(x.Memory, PanelBuffer.PanelsOf(count), scale, to.Memory);
}
