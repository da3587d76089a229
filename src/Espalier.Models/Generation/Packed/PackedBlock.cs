namespace Espalier.Models.Generation.Packed;

/// <summary>
/// What blocks of generation have in common, wherever their rows lie: the norms around both halves, and whether what a half gives is added
/// to the stream at once.
/// </summary>
/// <typeparam name="T">Where rows lie.</typeparam>
internal abstract class PackedBlock<T>
{
    private readonly double _residualScale;

    protected PackedBlock(PackedWeights weights, int layer)
    {
        _residualScale = weights.Config.ResidualScale;
        InputNorm = PackedNorm.Maybe(weights, ParameterRole.InputNorm, ParameterRole.InputNormBias, layer);
        MixerOutputNorm = PackedNorm.Maybe(weights, ParameterRole.AttentionOutputNorm, ParameterRole.InputNormBias, layer);
        // A block that is a feed-forward half alone has one norm.
        PostAttentionNorm = !weights.Config.LayerKinds[layer].HasMixer ? InputNorm
            : PackedNorm.Maybe(weights, ParameterRole.PostAttentionNorm, ParameterRole.PostAttentionNormBias, layer);
        MlpOutputNorm = PackedNorm.Maybe(weights, ParameterRole.MlpOutputNorm, ParameterRole.PostAttentionNormBias, layer);
    }

    /// <summary>Norms before and after the first half, and before and after the second; null where there is none.</summary>
    protected PackedNorm? InputNorm { get; }
    protected PackedNorm? MixerOutputNorm { get; }
    protected PackedNorm? PostAttentionNorm { get; }
    protected PackedNorm? MlpOutputNorm { get; }

    protected abstract T Stream { get; }

    /// <summary>Room for what is normed of it.</summary>
    protected abstract T NormedStream { get; }

    /// <summary>Room for what a half gives, where it is not added at once.</summary>
    protected abstract T Added { get; }

    /// <summary>Norms so many rows.</summary>
    protected abstract void Norm(PackedNorm norm, T x, int count, T to);

    /// <summary>to += scale · x, of so many rows.</summary>
    protected abstract void AddScaled(T x, int count, double scale, T to);

    /// <summary>Whether nothing is done to what a half gives before it is added.</summary>
    protected bool IsAddedAtOnce(PackedNorm? norm) => norm is null && _residualScale == 1;

    /// <summary>Where a projection's result goes: into the stream, unless something is done to it before.</summary>
    protected T OutputOf(PackedNorm? norm) => IsAddedAtOnce(norm) ? Stream : Added;

    /// <summary>The stream, normed where there is a norm.</summary>
    protected T Normed(PackedNorm? norm, int count)
    {
        if (norm is null)
            return Stream;
        Norm(norm, Stream, count, NormedStream);
        return NormedStream;
    }

    /// <summary>Adds what a half gave to the stream, where that has not been done at once.</summary>
    protected void Add(int count, PackedNorm? norm)
    {
        if (IsAddedAtOnce(norm))
            return;
        if (norm is not null)
            Norm(norm, Added, count, Added);
        AddScaled(Added, count, _residualScale, Stream);
    }
}
