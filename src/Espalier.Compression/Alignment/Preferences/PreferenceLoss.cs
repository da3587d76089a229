namespace Espalier.Compression.Alignment.Preferences;

/// <summary>How far a model's preference is from that of the data.</summary>
internal enum PreferenceKind
{
    /// <summary>
    /// Direct preference optimisation (Rafailov et al., arXiv 2305.18290, equation 7), with label smoothing the conservative one.
    /// </summary>
    Dpo,

    /// <summary>Reward-aware: the divergence KL(data's preference, model's), NeMo-Aligner's <c>rpo_bwd_kl</c>.</summary>
    RpoBwdKl,

    /// <summary>Reward-aware: the divergence KL(model's preference, data's), NeMo-Aligner's <c>rpo_fwd_kl</c>.</summary>
    RpoFwdKl,

    /// <summary>Reward-aware: the squared distance of the margins, NeMo-Aligner's <c>rpo_sq</c>.</summary>
    RpoSq,
}

/// <summary>
/// The loss of a pair and its slope. With d = (log π − log π_ref of the chosen answer) − (the same of the rejected one), s = β d and t = η
/// (r_chosen − r_rejected), σ the logistic function and KL that of two coins: DPO −(1 − ε) log σ(s) − ε log σ(−s); RPO KL(σ(t), σ(s)),
/// KL(σ(s), σ(t)) or (s − t)² (arXiv 2406.11704, section 3.3, as NeMo-Aligner computes it).
/// </summary>
/// <param name="Beta">β, above 0.</param>
/// <param name="Smoothing">ε of DPO, from 0 and below 0.5: the share of pairs that are taken to be labelled the wrong way round.</param>
/// <param name="Eta">η of RPO, above 0.</param>
internal sealed record PreferenceLoss(PreferenceKind Kind, double Beta = 0.1, double Smoothing = 0, double Eta = 1)
{
    /// <summary>Whether it compares with rewards.</summary>
    public bool NeedsRewards => Kind != PreferenceKind.Dpo;

    /// <summary>Its name for metrics.</summary>
    public string Name => Kind switch
    {
        PreferenceKind.RpoBwdKl => "rpo-bwd-kl",
        PreferenceKind.RpoFwdKl => "rpo-fwd-kl",
        PreferenceKind.RpoSq => "rpo-sq",
        _ => "dpo",
    };

    /// <summary>The loss, and its derivative in d.</summary>
    /// <param name="d">How much more the model prefers the chosen answer than the reference does, nats.</param>
    /// <param name="reward">The chosen answer's reward less the rejected one's; nothing to DPO.</param>
    public (double Loss, double Slope) Of(double d, double reward)
    {
        var (s, t) = (Beta * d, Eta * reward);
        var (model, data) = (Sigmoid(s), Sigmoid(t));
        return Kind switch
        {
            PreferenceKind.RpoBwdKl => (Kl(t, s), Beta * (model - data)),
            PreferenceKind.RpoFwdKl => (Kl(s, t), Beta * model * Sigmoid(-s) * (s - t)),
            PreferenceKind.RpoSq => ((s - t) * (s - t), 2 * Beta * (s - t)),
            _ => (-(1 - Smoothing) * LogSigmoid(s) - Smoothing * LogSigmoid(-s),
                Beta * (Smoothing * model - (1 - Smoothing) * Sigmoid(-s))),
        };
    }

    /// <summary>KL of two coins whose chances are σ(a) and σ(b).</summary>
    private static double Kl(double a, double b) =>
        Sigmoid(a) * (LogSigmoid(a) - LogSigmoid(b)) + Sigmoid(-a) * (LogSigmoid(-a) - LogSigmoid(-b));

    private static double Sigmoid(double x) => x >= 0 ? 1 / (1 + Math.Exp(-x)) : Math.Exp(x) / (1 + Math.Exp(x));

    private static double LogSigmoid(double x) => x >= 0 ? -LogOnePlus(Math.Exp(-x)) : x - LogOnePlus(Math.Exp(x));

    // Exact for small x as well, where 1 + x is 1.
    private static double LogOnePlus(double x) => 1 + x is var sum && sum == 1 ? x : Math.Log(sum) * x / (sum - 1);
}
