namespace Espalier.Compression.Importance.Values;

// Shapes: B batch, T time, D model width, E experts, K experts of a token, R = B · T · K rows, X width of an expert.

/// <summary>
/// How the tokens of a batch went through a mixture of experts, layer after layer: taps say which experts a token chose before they say
/// what these made of it. A token that did not go to an expert counts as zero there.
/// </summary>
internal sealed class RoutedBatch(int experts) : IDisposable
{
    private Tensor? _choice_BTK, _weights_BTK;

    /// <summary>Takes the choice of a layer.</summary>
    public void Choose(Tensor choice_BTK)
    {
        Dispose();
        _choice_BTK = choice_BTK.To(DType.Int64).Unscoped();
    }

    /// <summary>Takes the weights of a layer.</summary>
    public void Weigh(Tensor weights_BTK)
    {
        using var scope = TensorScope.Begin();
        _weights_BTK = weights_BTK.To(DType.Float64).Clone().Unscoped();
    }

    /// <summary>A value of each expert at each token, [B, T, E], in float64. The caller's scope owns it.</summary>
    /// <param name="y_RD">What the experts gave.</param>
    /// <param name="values">Which value.</param>
    public Tensor OfExperts(Tensor y_RD, ExpertValues values)
    {
        using var scope = TensorScope.Begin();
        var (choice_BTK, weights_BTK) = (_choice_BTK!, _weights_BTK!);
        var of_BTK = weights_BTK;
        if (values == ExpertValues.Output)
            of_BTK = y_RD.View(1, 1, y_RD.Size(0), -1).RowNorms().View(-1).IndexSelect(0, Rows().RowOfSlot)
                .View(choice_BTK.Shape).Mul(weights_BTK);
        var all_BTE = Tensor.Zeros(DType.Float64, y_RD.Device, choice_BTK.Size(0), choice_BTK.Size(1), experts);
        all_BTE.ScatterAddInPlace(2, choice_BTK, of_BTK);
        return scope.Keep(all_BTE);
    }

    /// <summary>The rows of one expert after the other, [N, ...]; not of those that nobody went to.</summary>
    /// <param name="rows_RX">Those of all experts.</param>
    /// <param name="use">Receives the expert and its rows, which end after the call.</param>
    public void OfRows(Tensor rows_RX, Action<int, Tensor> use)
    {
        using var scope = TensorScope.Begin();
        var rows = Rows();
        for (var expert = 0; expert < experts; expert++)
            if (rows.FirstOf(expert) is var first && rows.Ends[expert] is var end && first < end)
                use(expert, rows_RX.Slice(0, first, end));
    }

    /// <summary>Of one expert after the other the values of its neurons, [B, T, X].</summary>
    /// <param name="m_RX">Those of all rows.</param>
    /// <param name="use">Receives the expert and its values, which end after the call.</param>
    public void OfNeurons(Tensor m_RX, Action<int, Tensor> use)
    {
        using var scope = TensorScope.Begin();
        var (B, T) = (_choice_BTK!.Size(0), _choice_BTK.Size(1));
        var rows = Rows();
        for (var expert = 0; expert < experts; expert++)
        {
            using var one = TensorScope.Begin();
            var values_TX = Tensor.Zeros(m_RX.DType, m_RX.Device, B * T, m_RX.Size(1));
            var (first, end) = (rows.FirstOf(expert), rows.Ends[expert]);
            if (first < end)
                values_TX.IndexAddInPlace(0, rows.TokenOfRow.Slice(0, first, end), m_RX.Slice(0, first, end));
            use(expert, values_TX.View(B, T, -1));
        }
    }

    public void Dispose()
    {
        _choice_BTK?.Dispose();
        _weights_BTK?.Dispose();
        (_choice_BTK, _weights_BTK) = (null, null);
    }

    private ExpertRows Rows() => ExpertRows.Of(
        Array.ConvertAll(_choice_BTK!.ToArray<long>(), static expert => (int)expert), (int)_choice_BTK!.Size(2), experts,
        _choice_BTK!.Device);
}
