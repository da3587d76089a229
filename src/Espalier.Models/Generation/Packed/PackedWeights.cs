using Espalier.Models.Checkpoints;
using Espalier.Models.Streaming;
using Espalier.Torch.Kernels;

namespace Espalier.Models.Generation.Packed;

/// <summary>
/// A decoder's weights as generation reads them: matrices in a <see cref="WeightFormat"/>, norms and biases in float32. Of any family.
/// Dispose it.
/// </summary>
internal sealed class PackedWeights : IDisposable
{
    private readonly Dictionary<Parameter, PackedMatrix> _matrices = [];
    private readonly Dictionary<Parameter, RowBuffer> _rows = [];
    // Of RMSNorms whose weight is stored less one, the weight.
    private readonly Dictionary<Parameter, RowBuffer> _wholeRows = [];

    // Null where matrices are shared with a decoder, or have memory of their own.
    private readonly WeightMemory? _memory;

    private PackedWeights(DecoderConfig config, WeightFormat format, WeightMemory? memory = null) =>
        (Config, Format, _memory) = (config, format, memory);

    public DecoderConfig Config { get; }

    public WeightFormat Format { get; }

    /// <summary>Bytes of the matrices: what a token reads, but for the embedding where that is a table of its own.</summary>
    public long Bytes => _matrices.Values.Sum(matrix => matrix.Bytes);

    /// <summary>The format that changes no weight: bfloat16 where the checkpoint is stored so, else float32.</summary>
    public static WeightFormat FormatOf(Checkpoint checkpoint) =>
        checkpoint.StoredType == ElementType.BF16 ? WeightFormat.BFloat16 : WeightFormat.Float32;

    /// <summary>Whether a decoder can be taken: of float32 on the processor.</summary>
    public static bool Takes(Decoder decoder) => decoder.DType == DType.Float32 && decoder.Embedding.IsForwardFused;

    /// <summary>
    /// Reads a checkpoint one parameter after the other; none is in memory unpacked for longer than it takes. Matrices lie side by side in
    /// the checkpoint's order, in huge pages where the system has them.
    /// </summary>
    public static PackedWeights Load(Checkpoint checkpoint, WeightFormat format) => Of(
        new(checkpoint.Config, format, new(checkpoint.Family.Parameters(checkpoint.Config)
            .Where(named => named.Shape.Length == 2).Sum(named => PackedMatrix.RoomOf(format, named.Shape[0], named.Shape[1])))),
        Read(checkpoint));

    /// <summary>
    /// A decoder's weights, adapters merged into them; in float32 the others are shared with it and not copied. It must be one that
    /// <see cref="Takes"/> says.
    /// </summary>
    public static PackedWeights Of(Decoder decoder, WeightFormat format = WeightFormat.Float32) => Of(
        new(decoder.Config, format), decoder.MergedParameters());

    internal PackedMatrix Embedding => Matrix(ParameterRole.Embedding, -1);

    internal PackedMatrix Head => Config.TiedEmbeddings ? Embedding : Matrix(ParameterRole.Head, -1);

    internal PackedMatrix Matrix(ParameterRole role, int layer, int expert = -1) => _matrices[new(role, layer, expert)];

    internal RowBuffer? Row(ParameterRole role, int layer, int expert = -1) => _rows.GetValueOrDefault(new(role, layer, expert));

    /// <summary>The product with a matrix and the bias that belongs to it, where there is one.</summary>
    internal MatrixProduct<T> Product<T>(ParameterRole weight, ParameterRole bias, int layer, T to) where T : class =>
        new(Matrix(weight, layer), Row(bias, layer), to);

    /// <summary>Ids as the first block reads them.</summary>
    internal void Embed(ReadOnlySpan<int> ids, RowBuffer to)
    {
        RowOps.Embedding(Embedding, ids, to);
        if (Config.EmbeddingScale != 1)
            RowOps.Scale(to, ids.Length, Config.EmbeddingScale);
    }

    /// <summary>The row of a norm as <see cref="RowOps"/> multiply by it.</summary>
    internal RowBuffer? NormRow(ParameterRole role, int layer) => _wholeRows.GetValueOrDefault(new(role, layer)) ?? Row(role, layer);

    /// <summary>
    /// A layer's parameters (−1: those outside of the blocks that are no tables) as tensors, unpacked. The caller's scope owns them.
    /// </summary>
    internal Dictionary<Parameter, Tensor> Unpack(int layer)
    {
        var tensors = _rows.Where(pair => pair.Key.Layer == layer).ToDictionary(
            pair => pair.Key, pair => IsConvolution(pair.Key.Role) ? pair.Value.Tensor.Transpose(0, 1) : pair.Value.Tensor.Select(0, 0));
        if (layer >= 0)
            foreach (var (parameter, matrix) in _matrices.Where(pair => pair.Key.Layer == layer))
                tensors.Add(parameter, matrix.Unpack());
        return tensors;
    }

    public void Dispose()
    {
        foreach (var part in _matrices.Values.Concat<IDisposable>(_rows.Values).Concat(_wholeRows.Values))
            part.Dispose();
        _memory?.Dispose();
    }

    // Kept in float32, as rows of all channels, a tap each.
    private static bool IsConvolution(ParameterRole role) => ParameterSpec.Of(role).IsConvolution;

    private static IEnumerable<(Parameter, Tensor, bool IsOwn)> Read(Checkpoint checkpoint)
    {
        var reader = new ParameterReader(checkpoint, DType.Float32);
        return checkpoint.Family.Parameters(checkpoint.Config).Select(named => (named.Parameter, reader.Read(named), IsOwn: true));
    }

    private static PackedWeights Of(PackedWeights packed, IEnumerable<(Parameter Parameter, Tensor Value, bool IsOwn)> weights)
    {
        try
        {
            foreach (var (parameter, value, isOwn) in weights)
                using (isOwn ? value : null)
                {
                    // Generation is the processor's, wherever the model lies.
                    using var scope = TensorScope.Begin();
                    var here = value.On(Device.Cpu);
                    if (IsConvolution(parameter.Role))
                        packed._rows.Add(parameter, RowBuffer.Of(here.Transpose(0, 1)));
                    else if (here.Dimensions == 2)
                        packed._matrices.Add(parameter, new(here, packed.Format, packed._memory));
                    else
                        packed.Add(parameter, here);
                }
            return packed;
        }
        catch
        {
            packed.Dispose();
            throw;
        }
    }

    private void Add(Parameter parameter, Tensor row)
    {
        _rows.Add(parameter, RowBuffer.Of(row));
        if (Config.Norm != NormKind.RmsNorm1p || !ParameterSpec.Of(parameter.Role).IsStoredLessOne(Config))
            return;
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        _wholeRows.Add(parameter, RowBuffer.Of(row.Add(1)));
    }
}
