using Espalier.Torch;

namespace Espalier.Models;

// Shapes: C positions of a chunk, D student width, V vocabulary.

/// <summary>
/// scale · d(sum of losses)/d(head), gathered from chunk to chunk: of float32 where it lies, by products of our own. oneDNN gathers it
/// turned, [D, V], for that product takes the slopes as they lie and adds to the sum while it writes.
/// </summary>
internal sealed class HeadGradient(Tensor head, long vocabulary, double scale, ComputeType compute) : IDisposable
{
    private Tensor? _sum_DV;

    /// <summary>Adds scale · slopesᵀ · hidden.</summary>
    /// <param name="slopes_CV">d(sum)/d(logits) of the chunk.</param>
    /// <param name="hidden_CD">Its hidden states.</param>
    public void Add(Tensor slopes_CV, Tensor hidden_CD)
    {
        if (compute != ComputeType.Float32)
        {
            // Sums over chunks are float32.
            Gathered(head).Slice(0, 0, vocabulary).AddBfloat16InPlace(slopes_CV.Transpose(0, 1).MatMul(hidden_CD), scale);
            return;
        }
        if (ProductOperators.AddsInPlace)
        {
            Gathered(head).Slice(0, 0, vocabulary).AddProductInPlace(slopes_CV.Transpose(0, 1), hidden_CD.Mul(scale));
            return;
        }
        var before = _sum_DV;
        var hidden_DC = hidden_CD.Turned(scale);
        _sum_DV = (before is null ? hidden_DC.MatMul(slopes_CV) : before.PlusProduct(hidden_DC, slopes_CV)).Unscoped();
        before?.LetGo(reuse: true);
    }

    /// <summary>Adds the sum to the head's gradient, or makes it that.</summary>
    public void Complete()
    {
        // Where no position counts the gradient is zero, and not absent.
        if (_sum_DV is null)
            _ = Gathered(head);
        else if (head.Grad() is null && vocabulary == head.Size(0))
            head.SetGrad(_sum_DV.Turned());
        else
            Gathered(head).Slice(0, 0, vocabulary).AddTurnedInPlace(_sum_DV);
    }

    /// <inheritdoc/>
    public void Dispose() => _sum_DV?.LetGo(reuse: true);

    private static Tensor Gathered(Tensor head)
    {
        if (head.Grad() is { } present)
            return present;
        head.SetGrad(head.ZerosLike());
        return head.Grad()!;
    }
}
