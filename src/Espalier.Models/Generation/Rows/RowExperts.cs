using Espalier.Models.FeedForwards;
using Espalier.Models.Generation.Packed;
using RowProduct = Espalier.Torch.MatrixProduct<Espalier.Torch.RowBuffer>;

namespace Espalier.Models.Generation.Rows;

// Shapes: D model width, E experts, K experts of a row, X width of an expert.

/// <summary>
/// What <see cref="MixtureOfExperts"/> computes, on a few rows in memory that is there: only the experts that a row goes to are read. Each
/// row adds up its experts in their order, so that its bits do not depend on the others.
/// </summary>
internal sealed class RowExperts : IRowFeedForward
{
    private readonly DecoderConfig _config;
    private readonly RowWorkspace _work;
    private readonly RowBuffer _to;
    private readonly LayerKind _kind;
    private readonly RowProduct _router;
    private readonly (RowProduct? Gate, RowProduct Up, RowProduct Down)[] _experts;
    private readonly int[] _chosen;
    // Of the expert that every row goes to, null where there is none.
    private readonly (RowProduct? Gate, RowProduct Up, RowProduct Down, RowProduct Weight)? _shared;

    public RowExperts(PackedWeights weights, int layer, RowWorkspace work, RowBuffer to)
    {
        (_config, _work, _to) = (weights.Config, work, to);
        _kind = _config.LayerKinds[layer];
        _router = weights.Product(ParameterRole.Router, ParameterRole.RouterBias, layer, work.Routed);
        RowProduct OfExpert(ParameterRole role, ParameterRole bias, int expert, RowBuffer into) =>
            new(weights.Matrix(role, layer, expert), weights.Row(bias, layer, expert), into);
        _experts = [.. Enumerable.Range(0, _config.Experts).Select(expert => (
            _kind.HasGate
                ? OfExpert(ParameterRole.ExpertGateProjection, ParameterRole.ExpertGateProjectionBias, expert, work.ExpertGate)
                : (RowProduct?)null,
            OfExpert(ParameterRole.ExpertUpProjection, ParameterRole.ExpertUpProjectionBias, expert, work.ExpertUp),
            OfExpert(ParameterRole.ExpertDownProjection, ParameterRole.ExpertDownProjectionBias, expert, work.ExpertOutput)))];
        RowProduct Of(ParameterRole role, RowBuffer into) => new(weights.Matrix(role, layer), null, into);
        _chosen = new int[work.Rows * _config.ExpertsPerToken];
        if (_kind.HasSharedExpert)
            _shared = (
                _kind.HasGate ? Of(ParameterRole.SharedGateProjection, work.SharedGate) : null,
                Of(ParameterRole.SharedUpProjection, work.SharedUp), Of(ParameterRole.SharedDownProjection, work.ExpertOutput),
                Of(ParameterRole.SharedExpertGate, work.SharedWeight));
    }

    public void Forward(RowBuffer x, int rows, bool adds)
    {
        RowOps.Product(x, rows, adds: false, _router);
        for (var row = 0; row < rows; row++)
            Route(_work.Routed.Row(row), Chosen(row));
        if (!adds)
            for (var row = 0; row < rows; row++)
                _to.Row(row).Clear();
        for (var expert = 0; expert < _experts.Length; expert++)
            Run(expert, x, rows);
        if (_shared is { } shared)
            Run(shared, x, rows);
    }

    private Span<int> Chosen(int row) => _chosen.AsSpan(row * _config.ExpertsPerToken, _config.ExpertsPerToken);

    // The rows that go to an expert, side by side through it, and added where they belong.
    private void Run(int expert, RowBuffer x, int rows)
    {
        var count = 0;
        for (var row = 0; row < rows; row++)
            if (Chosen(row).Contains(expert))
                x.Row(row).CopyTo(_work.ExpertRows.Row(count++));
        if (count == 0)
            return;
        var (gate, up, down) = _experts[expert];
        RowOps.Product(RowFeedForward.Units(_kind, _work.ExpertRows, count, gate, up), count, adds: false, down);
        count = 0;
        for (var row = 0; row < rows; row++)
            if (Chosen(row).Contains(expert))
                Add(_work.ExpertOutput.Row(count++), _work.Routed.Row(row)[expert], _to.Row(row));
    }

    private void Run((RowProduct? Gate, RowProduct Up, RowProduct Down, RowProduct Weight) shared, RowBuffer x, int rows)
    {
        if (shared.Gate is { } gate)
            RowOps.Product(x, rows, adds: false, gate, shared.Up, shared.Weight);
        else
            RowOps.Product(x, rows, adds: false, shared.Up, shared.Weight);
        RowOps.Product(RowFeedForward.Activate(_kind, rows, shared.Gate, shared.Up), rows, adds: false, shared.Down);
        for (var row = 0; row < rows; row++)
            Add(_work.ExpertOutput.Row(row), 1 / (1 + MathF.Exp(-_work.SharedWeight.Row(row)[0])), _to.Row(row));
    }

    private static void Add(ReadOnlySpan<float> x, float weight, Span<float> to)
    {
        for (var i = 0; i < to.Length; i++)
            to[i] += weight * x[i];
    }

    // The logits of a row become its weights, which are read of the chosen experts alone.
    private void Route(Span<float> logits, Span<int> chosen)
    {
        ExpertChoice.Choose<float>(logits, chosen);
        var (largest, sum) = (logits[chosen[0]], 0f);
        if (_config.NormalizesExpertWeights)
            foreach (var expert in chosen)
                sum += logits[expert] = MathF.Exp(logits[expert] - largest);
        else
            for (var expert = 0; expert < logits.Length; expert++)
                sum += logits[expert] = MathF.Exp(logits[expert] - largest);
        foreach (var expert in chosen)
            logits[expert] /= sum;
    }
}
