namespace Espalier.Models;

// Shapes: C positions of a chunk, D student width, V vocabulary.

/// <summary>
/// scale · d(sum of losses)/d(head), gathered from chunk to chunk: of float32 where it lies, by products of our own. oneDNN gathers it
/// turned, [D, V], for that product takes the slopes as they lie and adds to the sum while it writes. An object serves one call after the
/// other.
/// </summary>
internal sealed class HeadGradient
{
    private Tensor? _head_VD, _sum_DV;
    private long _vocabulary;
    private double _scale;
    private ComputeType _compute;

    private Tensor Gathered => _head_VD!.GradOrZeros();

    /// <summary>Begins to gather.</summary>
    /// <param name="head_VD">The matrix.</param>
    /// <param name="vocabulary">How many of its rows count, the first ones.</param>
    /// <param name="scale">Multiplies the gradient.</param>
    /// <param name="compute">What products are computed in.</param>
    public void Begin(Tensor head_VD, long vocabulary, double scale, ComputeType compute) =>
        (_head_VD, _vocabulary, _scale, _compute) = (head_VD, vocabulary, scale, compute);

    /// <summary>Makes the gradient, or room for it, where it is gathered in its own memory and is not there yet.</summary>
    public static void MakeRoom(Tensor head_VD, ComputeType compute)
    {
        if (compute != ComputeType.Float32)
            _ = head_VD.GradOrZeros();
        else if (ProductOperators.AddsInPlace)
            head_VD.MakeRoomForGrad();
    }

    /// <summary>Adds scale · slopesᵀ · hidden.</summary>
    /// <param name="slopes_CV">d(sum)/d(logits) of the chunk.</param>
    /// <param name="hidden_CD">Its hidden states.</param>
    public void Add(Tensor slopes_CV, Tensor hidden_CD)
    {
        if (_compute != ComputeType.Float32)
        {
            // Sums over chunks are float32.
            Gathered.Slice(0, 0, _vocabulary).AddBfloat16InPlace(slopes_CV.Transpose(0, 1).MatMul(hidden_CD), _scale);
            return;
        }
        if (ProductOperators.AddsInPlace)
        {
            var scaled_CD = hidden_CD.Mul(_scale);
            if (_vocabulary == _head_VD!.Size(0) && _head_VD.TryAddProductToGrad(slopes_CV.Transpose(0, 1), scaled_CD))
                return;
            Gathered.Slice(0, 0, _vocabulary).AddProductInPlace(slopes_CV.Transpose(0, 1), scaled_CD);
            return;
        }
        var hidden_DC = hidden_CD.Turned(_scale);
        if (_sum_DV is null)
            _sum_DV = hidden_DC.MatMul(slopes_CV).Unscoped();
        else
            _sum_DV.AddProductInPlace(hidden_DC, slopes_CV);
    }

    /// <summary>Adds the sum to the head's gradient, or makes it that.</summary>
    public void Complete()
    {
        // Where no position counts the gradient is zero, and not absent.
        if (_sum_DV is null)
            _ = Gathered;
        else if (_head_VD!.Grad() is null && _vocabulary == _head_VD!.Size(0))
            _head_VD.SetGrad(_sum_DV.Turned());
        else
            Gathered.Slice(0, 0, _vocabulary).AddTurnedInPlace(_sum_DV);
    }

    /// <summary>Makes the head's gradient NaN, whatever was added to it before.</summary>
    public void Spoil() => Gathered.FillInPlace(double.NaN);

    /// <summary>Lets go of the call's tensors.</summary>
    public void End()
    {
        _sum_DV?.LetGo(reuse: true);
        (_head_VD, _sum_DV) = (null, null);
    }
}
