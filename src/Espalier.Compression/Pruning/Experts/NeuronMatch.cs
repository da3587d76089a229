using Espalier.Models.Checkpoints;

namespace Espalier.Compression.Pruning.Experts;

// Shapes: D model width, X width of an expert.

/// <summary>
/// Which neurons of one expert go with which of another: those whose weights are alike, since the order of neurons means nothing and an
/// average of neurons that do different things does neither (weight matching, arXiv 2209.04836, section 3.2, over the gate, up and down
/// projections of a neuron together, and its biases).
/// </summary>
internal static class NeuronMatch
{
    private static readonly ParameterRole[] s_roles =
    [
        ParameterRole.ExpertGateProjection, ParameterRole.ExpertGateProjectionBias, ParameterRole.ExpertUpProjection,
        ParameterRole.ExpertUpProjectionBias, ParameterRole.ExpertDownProjection,
    ];

    /// <summary>
    /// Operations of a pair of experts, at most: 2 X² D for each of the matrices that are compared, and the X³ steps that the assignment
    /// takes at worst.
    /// </summary>
    public static double FlopsOf(DecoderConfig teacher)
    {
        double width = teacher.ExpertIntermediateSize;
        var matrices = teacher.LayerKinds.First(kind => kind.HasExperts).HasGate ? 3 : 2;
        return width * width * (2.0 * matrices * teacher.HiddenSize + width);
    }

    /// <summary>Bytes of a pair: the sums twice, as a tensor and as an array, and a matrix of each expert in both forms.</summary>
    public static long BytesOf(DecoderConfig teacher) =>
        8L * teacher.ExpertIntermediateSize * teacher.ExpertIntermediateSize + 16L * teacher.ExpertIntermediateSize * teacher.HiddenSize;

    /// <summary>For each neuron of an expert that stays the neuron of the one that goes.</summary>
    /// <param name="layer">The teacher's layer.</param>
    /// <param name="merge">Which expert goes into which.</param>
    public static int[] Of(Checkpoint teacher, int layer, ExpertMerge merge, CancellationToken stop)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var width = teacher.Config.ExpertIntermediateSize;
        var sums_XX = Tensor.Zeros(DType.Float32, Device.Cpu, width, width);
        foreach (var role in s_roles)
        {
            using var one = TensorScope.Begin();
            var names = teacher.Family.Parameters(teacher.Config)
                .Where(named => named.Parameter.Layer == layer && named.Parameter.Role == role)
                .ToDictionary(named => named.Parameter.Expert);
            if (names.Count == 0)
                continue;
            var (stays, goes) = (Rows(names[merge.Expert]), Rows(names[merge.Gone]));
            sums_XX.AddInPlace(stays.MatMul(goes.Transpose(0, 1)));
        }
        return Assignment.Largest(sums_XX.ToArray<float>(), width, stop);

        // [X, D], what reads and what writes alike; a bias is one more column.
        Tensor Rows(NamedParameter matrix)
        {
            var columns = matrix.Shape.Length == 2 ? matrix.Shape[1] : 1;
            var values = new float[matrix.Shape[0] * columns];
            teacher.ReadFinite(matrix.Name, 0, values);
            var read = Tensor.From<float>(values, matrix.Shape[0], columns);
            return matrix.Parameter.Role == ParameterRole.ExpertDownProjection ? read.Transpose(0, 1) : read;
        }
    }
}
