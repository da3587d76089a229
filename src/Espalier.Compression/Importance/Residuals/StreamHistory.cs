namespace Espalier.Compression.Importance.Residuals;

/// <summary>The residual stream of one batch after each block, as far back as the widest span reaches.</summary>
internal abstract class StreamHistory : IDisposable
{
    /// <summary>
    /// The stream after i blocks, [B, T, D]. Owned by the history or by the caller's scope: use it inside the scope, and before the next
    /// <see cref="Add"/>.
    /// </summary>
    public abstract Tensor After(int i);

    /// <summary>Takes note of the stream after i blocks; what no span needs any more is dropped.</summary>
    public abstract void Add(int i, Tensor x_BTD);

    /// <summary>Drops all streams.</summary>
    public abstract void Dispose();
}
