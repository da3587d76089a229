namespace Espalier.Models.Generation.Sampling;

/// <summary>
/// Makes ids that stand in the text already less likely (CTRL, arXiv 1909.05858, section 4.1), as transformers does: of each such id,
/// prompt included, a positive logit is divided by the penalty and a negative one multiplied, once however often it stands there.
/// </summary>
/// <param name="penalty">1 changes nothing; below 1 repetition becomes likelier.</param>
internal sealed class RepetitionPenalty(double penalty)
{
    private readonly HashSet<int> _seen = [];

    /// <summary>Takes ids that stand in the text.</summary>
    public void See(IEnumerable<int> ids)
    {
        if (penalty != 1)
            _seen.UnionWith(ids);
    }

    /// <summary>Takes an id that stands in the text.</summary>
    public void See(int id)
    {
        if (penalty != 1)
            _seen.Add(id);
    }

    /// <summary>Changes the logits of what was seen.</summary>
    public void Apply(Span<float> logits)
    {
        var factor = (float)penalty;
        foreach (var id in _seen)
            logits[id] = logits[id] < 0 ? logits[id] * factor : logits[id] / factor;
    }
}
