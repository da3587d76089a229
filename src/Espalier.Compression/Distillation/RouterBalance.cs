using Espalier.Compression.Data.Batches;

namespace Espalier.Compression.Distillation;

// Shapes: B batch, T time, N = B T positions, E experts, M positions of one window that count, in all layers that are mixtures of experts.

/// <summary>
/// The auxiliary loss that keeps the experts of a mixture equally busy (Switch Transformer, arXiv 2101.03961, equations 4 to 6), as
/// transformers has it for several experts a token: E times the sum over experts of the share of positions that go there and the mean
/// probability that the router gives it, both over all layers together. Here over the positions that count of one window, and the mean over
/// windows by those positions, so that cutting a step differently does not change it; transformers takes all windows of a pass together,
/// which is the same where a pass has one. 1 for each expert of a token where all are equally busy.
/// </summary>
internal sealed class RouterBalance
{
    private readonly DecoderConfig _config;

    /// <param name="weight">What it is multiplied by, above 0.</param>
    /// <param name="config">The model that is trained.</param>
    /// <exception cref="EspalierException">The model has no experts.</exception>
    public RouterBalance(double weight, DecoderConfig config)
    {
        Check(config);
        (_config, Weight) = (config, weight);
        Places = [.. Enumerable.Range(0, config.Layers).Where(layer => config.LayerKinds[layer].HasExperts)
            .Select(layer => new TapPlace(TapPoint.RouterLogits, layer))];
    }

    /// <summary>Name of the part.</summary>
    public const string Name = "router-balance";

    /// <summary>What it is multiplied by.</summary>
    public double Weight { get; }

    /// <summary>The router logits that are read.</summary>
    public IReadOnlyCollection<TapPlace> Places { get; }

    /// <summary>Refuses a model without experts.</summary>
    /// <exception cref="EspalierException">It has none.</exception>
    public static void Check(DecoderConfig config)
    {
        if (config.LayersWithExperts == 0)
            throw new EspalierException(
                $"router-balance is for models with experts, but a {config.Family} model has none: leave it out");
    }

    /// <summary>
    /// The loss, each window's times its positions that count, and the gradients of the weighted one on the router logits, [B, T, E].
    /// </summary>
    /// <param name="pass">The student's pass, which tapped <see cref="Places"/>.</param>
    /// <param name="batch">Its windows.</param>
    /// <param name="scale">1 / (counted positions of the whole step).</param>
    public (double Sum, IReadOnlyList<KeyValuePair<TapPlace, Tensor>> Gradients) Backward(TrainingPass pass, Batch batch, double scale)
    {
        var (device, type) = (pass.Hidden.Device, pass.Hidden.DType);
        // [B, T, 1]
        Tensor Counted(Func<int, double> of) => Tensor.From<double>([.. Enumerable.Range(0, (int)batch.Tokens)
            .Select(position => batch.LossMask?[position] == false ? 0 : of(position / batch.Sequence))], batch.Size, batch.Sequence, 1)
            .On(device).To(type);
        double[] counts = [.. Enumerable.Range(0, batch.Size).Select(window => (double)(batch.LossMask is null ? batch.Sequence
            : batch.LossMask.AsSpan(window * batch.Sequence, batch.Sequence).Count(true)))];
        // A position's share of its window's means over positions and layers.
        var share_BT1 = Counted(window => 1 / (counts[window] * Places.Count));
        var probabilities = Places.ToDictionary(place => place, place => pass.Tapped(place).Softmax(-1));
        var (load_BE, mean_BE) = (Tensor.Zeros(type, device, batch.Size, _config.Experts), Tensor.Zeros(type, device, batch.Size,
            _config.Experts));
        foreach (var (place, p_BTE) in probabilities)
        {
            mean_BE.AddInPlace(p_BTE.Mul(share_BT1).Sum([1]));
            load_BE.AddInPlace(Chosen(pass.Tapped(place)).Mul(share_BT1).Sum([1]));
        }
        // What is added up over windows is each one's loss times the positions that it has.
        var loss_B = load_BE.Mul(mean_BE).Sum([1]).To(DType.Float64).ToArray<double>();
        var sum = counts.Zip(loss_B, (count, loss) => count * loss * _config.Experts).Sum();
        // d p_e = p_e (load_e − Σ p load), each position's share of its window times that window's positions.
        var slope_BT1 = Counted(window => Weight * scale * _config.Experts / Places.Count);
        var load_B1E = load_BE.View(batch.Size, 1, _config.Experts);
        return (sum, [.. probabilities.Select(pair => KeyValuePair.Create(pair.Key,
            pair.Value.Mul(load_B1E.Sub(pair.Value.Mul(load_B1E).Sum([2], keep: true))).Mul(slope_BT1)))]);
    }

    /// <summary>Ones at the experts that a position goes to, [B, T, E]: no gradient flows through which they are.</summary>
    private Tensor Chosen(Tensor logits_BTE)
    {
        var (positions, perToken) = (logits_BTE.Size(0) * logits_BTE.Size(1), _config.ExpertsPerToken);
        long[] chosen = Array.ConvertAll(Torch.Layers.ExpertChoice.Of(logits_BTE.View(positions, _config.Experts), perToken),
            static expert => (long)expert);
        var ones_NE = Tensor.Zeros(logits_BTE.DType, logits_BTE.Device, positions, _config.Experts);
        var index_NK = Tensor.From<long>(chosen, positions, perToken).On(logits_BTE.Device);
        ones_NE.ScatterAddInPlace(1, index_NK, Tensor.Zeros(logits_BTE.DType, logits_BTE.Device, positions, perToken).Add(1));
        return ones_NE.View(logits_BTE.Size(0), logits_BTE.Size(1), _config.Experts);
    }
}
