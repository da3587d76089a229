namespace Espalier.Models;

public sealed partial record DecoderConfig
{
    // Widths far beyond any model, small enough that no product of sizes in this record leaves 64 bits.
    private const int MaxWidth = 1 << 22;

    /// <summary>Refuses shapes that no decoder can have.</summary>
    /// <param name="source">Where the config comes from (a file, a plan), for the error.</param>
    /// <returns>This config.</returns>
    /// <exception cref="EspalierException">Names the source, the field, both numbers and the nearest legal ones.</exception>
    public DecoderConfig Validate(string source) => Validate(source, static axis => axis.Field);

    /// <summary>The same with sizes by the names that the family's <c>config.json</c> has for them.</summary>
    internal DecoderConfig Validate(string source, Func<Axis, string> fieldOf)
    {
        Range(source, "vocab_size", VocabularySize, int.MaxValue);
        foreach (var axis in Axis.All.Where(axis => axis.IsIn(this)))
            Range(source, fieldOf(axis), axis.Of(this), axis.Most);
        Range(source, "head_dim", HeadDim, MaxWidth);
        Range(source, "max_position_embeddings", MaxPositions, int.MaxValue);
        if ((long)QueryHeads * HeadDim > MaxWidth)
            throw new EspalierException(
                $"{source}: num_attention_heads {QueryHeads} * head_dim {HeadDim} "
                    + $"is {(long)QueryHeads * HeadDim}, the limit is {MaxWidth}");
        if (QueryHeads % KeyValueHeads != 0)
            throw new EspalierException(
                $"{source}: num_attention_heads {QueryHeads} is not a multiple of num_key_value_heads {KeyValueHeads}; the nearest are "
                    + $"{Near(QueryHeads, KeyValueHeads)}");
        if (LayersWithExperts > 0 && (ExpertsPerToken < 1 || ExpertsPerToken > Experts))
            throw new EspalierException(
                $"{source}: num_experts_per_tok is {ExpertsPerToken}, it must be from 1 to the {Experts} experts of a layer");
        if (HeadDim % 2 != 0)
            throw new EspalierException($"{source}: head_dim {HeadDim} is odd, but rotary embeddings need pairs; the nearest are "
                + $"{Near(HeadDim, 2)}");
        if (!(Rotary.Fraction is > 0 and <= 1))
            throw new EspalierException($"{source}: partial_rotary_factor {Rotary.Fraction} must be above 0 and at most 1");
        var turning = (int)(HeadDim * Rotary.Fraction);
        if (turning < 2 || turning % 2 != 0)
            throw new EspalierException(
                $"{source}: head_dim {HeadDim} * partial_rotary_factor {Rotary.Fraction} "
                    + $"rotates {turning} entries; it must be an even number from 2");
        if (!(double.IsFinite(NormEpsilon) && NormEpsilon > 0))
            throw new EspalierException($"{source}: the norm's epsilon {NormEpsilon} must be above 0");
        foreach (var rotary in Rotaries)
        {
            (rotary.Scaling as LongRope)?.Check(turning, LongAfter, source);
            Positive("rope_theta", rotary.Theta);
            if (rotary.Fraction != Rotary.Fraction)
                throw new EspalierException(
                    $"{source}: partial_rotary_factor is {Rotary.Fraction}, but {rotary.Fraction} in some layers; it must be the same in "
                        + $"all");
        }
        if (LayerKinds.Any(static kind => kind.HasMamba))
            ValidateMamba(source);
        if (LayerKinds.Any(static kind => kind.HasDelta))
            ValidateDelta(source);
        if (!LayerKinds.AreAlike && LayerKinds.Count != Layers)
            throw new EspalierException($"{source}: {LayerKinds.Count} kinds of layers are given, but num_hidden_layers is {Layers}");
        foreach (var kind in LayerKinds)
        {
            string[] mixers = [.. (kind.HasAttention ? (string[])["attention"] : []), .. (kind.HasMamba ? (string[])["a Mamba mixer"] : []),
                .. (kind.HasDelta ? (string[])["linear attention"] : [])];
            if (!kind.HasMixer && !kind.HasFeedForward || mixers.Length > 1)
                throw new EspalierException(
                    $"{source}: a layer has {(mixers.Length > 1 ? $"both {string.Join(" and ", mixers)}" : "nothing")}; it must have "
                        + "one of them, a feed-forward block, or both");
            Positive("sliding_window", kind.SlidingWindow);
            Positive("the scale of attention", kind.AttentionScale);
            Positive("the cap of attention's scores", kind.ScoreCap);
            Positive("swiglu_limit", kind.ActivationLimit);
        }
        Positive("the scale of the embedding", EmbeddingScale);
        Positive("the scale of the residual", ResidualScale);
        Positive("the divisor of logits", LogitDivisor);
        Positive("the cap of logits", LogitCap);
        return this;

        void Positive(string field, double? value)
        {
            if (value is { } given && !(double.IsFinite(given) && given > 0))
                throw new EspalierException($"{source}: {field} is {given}, it must be above 0");
        }
    }

    /// <summary>Refuses a number of layers that no model has.</summary>
    internal void RequireLayers(string source) => Range(source, Axis.Layers.Field, Layers, Axis.Layers.Most);

    private static void Range(string source, string field, int value, int most)
    {
        if (value < 1 || value > most)
            throw new EspalierException($"{source}: {field} is {value}, it must be from 1 to {most}");
    }

    private void ValidateMamba(string source)
    {
        foreach (var (field, value) in new[]
        {
            ("n_groups", Mamba.Groups), ("ssm_state_size", Mamba.StateSize), ("conv_kernel", Mamba.Kernel),
        })
            if (value is < 1 or > MaxWidth)
                throw new EspalierException($"{source}: {field} is {value}, it must be from 1 to {MaxWidth}");
        if (Mamba.Heads % Mamba.Groups != 0)
            throw new EspalierException(
                $"{source}: mamba_num_heads {Mamba.Heads} is not a multiple of n_groups {Mamba.Groups}; the nearest are "
                    + $"{Near(Mamba.Heads, Mamba.Groups)}");
        foreach (var (fields, product) in new[]
        {
            ($"mamba_num_heads {Mamba.Heads} * mamba_head_dim {Mamba.HeadDim}", (long)Mamba.Heads * Mamba.HeadDim),
            ($"n_groups {Mamba.Groups} * ssm_state_size {Mamba.StateSize}", (long)Mamba.Groups * Mamba.StateSize),
        })
            if (product > MaxWidth)
                throw new EspalierException($"{source}: {fields} is {product}, the limit is {MaxWidth}");
        if (!(Mamba.LeastStep >= 0 && Mamba.MostStep > Mamba.LeastStep))
            throw new EspalierException(
                $"{source}: time_step_limit is from {Mamba.LeastStep} to {Mamba.MostStep}; it must begin at 0 or above, and end above "
                    + "that");
    }

    private void ValidateDelta(string source)
    {
        foreach (var (field, value) in new[] { ("linear_key_head_dim", Delta.StateSize), ("linear_conv_kernel_dim", Delta.Kernel) })
            if (value is < 1 or > MaxWidth)
                throw new EspalierException($"{source}: {field} is {value}, it must be from 1 to {MaxWidth}");
        if (Delta.Heads % Delta.Groups != 0)
            throw new EspalierException(
                $"{source}: linear_num_value_heads {Delta.Heads} is not a multiple of linear_num_key_heads {Delta.Groups}; the "
                    + $"nearest are {Near(Delta.Heads, Delta.Groups)}");
        foreach (var (fields, product) in new[]
        {
            ($"linear_num_key_heads {Delta.Groups} * linear_key_head_dim {Delta.StateSize}", (long)Delta.Groups * Delta.StateSize),
            ($"linear_num_value_heads {Delta.Heads} * linear_value_head_dim {Delta.HeadDim}",
                (long)Delta.Heads * Delta.HeadDim),
        })
            if (product > MaxWidth)
                throw new EspalierException($"{source}: {fields} is {product}, the limit is {MaxWidth}");
    }

    private static string Near(int value, int multiple)
    {
        var below = value / multiple * multiple;
        return below == 0 ? $"{multiple}" : $"{below} and {below + multiple}";
    }
}
