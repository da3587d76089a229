namespace Espalier.Compression.Importance.Residuals;

/// <summary>A batch's streams in memory.</summary>
/// <param name="layers">Blocks of the model.</param>
/// <param name="widest">Blocks that a stream is remembered for.</param>
internal sealed class LiveStreams(int layers, int widest) : StreamHistory
{
    private readonly Tensor?[] _streams = new Tensor?[layers + 1];

    public override Tensor After(int i) => _streams[i]!;

    public override void Add(int i, Tensor x_BTD)
    {
        _streams[i] = x_BTD.Detach().Unscoped();
        if (i >= widest)
            Drop(i - widest);
    }

    public override void Dispose()
    {
        for (var i = 0; i < _streams.Length; i++)
            Drop(i);
    }

    private void Drop(int i)
    {
        _streams[i]?.Dispose();
        _streams[i] = null;
    }
}
