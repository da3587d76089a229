using Espalier.Models.Generation.Packed;
using Espalier.Torch;

namespace Espalier.Models.Generation.Prompts;

/// <summary>
/// One block of a <see cref="PromptDecoder"/>: what <see cref="Block"/> computes, on the positions of a prompt in memory that is there.
/// </summary>
internal sealed class PromptBlock
{
    private readonly DecoderConfig _config;
    private readonly PromptWorkspace _work;
    private readonly PromptNorm? _inputNorm, _mixerOutputNorm, _postAttentionNorm, _mlpOutputNorm;
    private readonly PromptAttention? _mixer;
    private readonly PromptFeedForward? _mlp;

    /// <summary>The block of a layer.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="layer">Which layer.</param>
    /// <param name="work">Where is computed.</param>
    /// <param name="keys">Keys of the cache, of a layer with attention.</param>
    /// <param name="values">The same of values.</param>
    public PromptBlock(PackedWeights weights, int layer, PromptWorkspace work, RowBuffer? keys, RowBuffer? values)
    {
        (_config, _work) = (weights.Config, work);
        var kind = _config.LayerKinds[layer];
        _inputNorm = PromptNorm.Maybe(weights, ParameterRole.InputNorm, ParameterRole.InputNormBias, layer);
        _mixerOutputNorm = PromptNorm.Maybe(weights, ParameterRole.AttentionOutputNorm, ParameterRole.InputNormBias, layer);
        // A block that is a feed-forward half alone has one norm.
        _postAttentionNorm = !kind.HasMixer ? _inputNorm
            : PromptNorm.Maybe(weights, ParameterRole.PostAttentionNorm, ParameterRole.PostAttentionNormBias, layer);
        _mlpOutputNorm = PromptNorm.Maybe(weights, ParameterRole.MlpOutputNorm, ParameterRole.PostAttentionNormBias, layer);
        if (kind.HasAttention)
            _mixer = new(weights, layer, work, keys!, values!, OutputOf(_mixerOutputNorm));
        if (kind.HasFeedForward)
            _mlp = new(weights, layer, work, OutputOf(_mlpOutputNorm));
    }

    /// <summary>
    /// Whether a layer's block can be one: of attention without sinks and one feed-forward half for all positions, or either alone.
    /// </summary>
    public static bool Takes(LayerKind kind) => !kind.HasMamba && !kind.HasDelta && !kind.HasExperts && !kind.HasSinks;

    /// <summary>Takes the positions of the stream through.</summary>
    /// <param name="place">The prompt's row in the cache, the first position, and how many.</param>
    public void Forward((int Begin, int First, int Count) place)
    {
        if (_mixer is not null)
        {
            var x = Normed(_inputNorm, place.Count);
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
        var x = _mixer is null ? _work.Stream : Normed(_inputNorm, place.Count);
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
        _mixer.LookBack(x, place, IsAddedAtOnce(_mixerOutputNorm));
        Add(place.Count, _mixerOutputNorm);
    }

    private void FeedForward((int Begin, int First, int Count) place)
    {
        if (_mlp is not null)
        {
            _mlp.Forward(Normed(_postAttentionNorm, place.Count), place.Count, IsAddedAtOnce(_mlpOutputNorm));
            Add(place.Count, _mlpOutputNorm);
        }
    }

    private bool IsAddedAtOnce(PromptNorm? norm) => norm is null && _config.ResidualScale == 1;

    // Where a projection's result goes: into the stream, unless something is done to it before.
    private PanelBuffer OutputOf(PromptNorm? norm) => IsAddedAtOnce(norm) ? _work.Stream : _work.Added;

    private PanelBuffer Normed(PromptNorm? norm, int positions)
    {
        if (norm is null)
            return _work.Stream;
        norm.Forward(_work.Stream, positions, _work.Normed);
        return _work.Normed;
    }

    private void Add(int positions, PromptNorm? norm)
    {
        if (IsAddedAtOnce(norm))
            return;
        norm?.Forward(_work.Added, positions, _work.Added);
        RowOps.AddScaled(_work.Added.Memory, PanelBuffer.PanelsOf(positions), _config.ResidualScale, _work.Stream.Memory);
    }
}
