namespace Espalier.Compression.Importance.Depth.Metrics;

// Shapes: B batch, T time, D model width, V vocabulary, C positions of a chunk.

/// <summary>
/// One way to tell what removing layers does. A scan hands it either the residual streams of the model as it is (<see cref="Streams"/>), or
/// the predictions of every variant (<see cref="Predictions"/>), batch after batch.
/// </summary>
internal abstract class DepthMetric(DepthMetricKind kind)
{
    /// <summary>Which one it is.</summary>
    public DepthMetricKind Kind => kind;

    /// <summary>Whether variants must be run for it; else the streams of one pass are enough.</summary>
    public virtual bool RunsVariants => true;

    /// <summary>Whether it compares with the logits of the whole model.</summary>
    public virtual bool ReadsReference => false;

    /// <summary>A scan of so many variants begins.</summary>
    public abstract void Begin(int variants);

    /// <summary>The streams before each layer that is there and after the last one, [B, T, D] each.</summary>
    public virtual void Streams(IReadOnlyList<Tensor> streams_BTD, IReadOnlyList<DepthSpan> variants)
    {
    }

    /// <summary>What a variant predicts at some positions.</summary>
    public virtual void Predictions(int variant, DepthBatch batch, Predictions chunk)
    {
    }

    /// <summary>The value of each variant.</summary>
    public abstract double[] Values();
}

/// <summary>The predictions of one variant at some positions of a batch.</summary>
/// <param name="Start">The first of them, among those that the batch looks at.</param>
/// <param name="Nll_C">−log q[target].</param>
/// <param name="Logits_CV">
/// Logits; they may be overwritten by the last who reads them, the metric with <see cref="DepthMetric.ReadsReference"/>.
/// </param>
/// <param name="Reference_CV">Those of the whole model, where asked for.</param>
internal readonly record struct Predictions(long Start, Tensor? Nll_C, Tensor Logits_CV, Tensor? Reference_CV);
