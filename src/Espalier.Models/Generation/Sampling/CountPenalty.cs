namespace Espalier.Models.Generation.Sampling;

/// <summary>
/// Takes off the logits of ids that were chosen before: <paramref name="presence"/> once, <paramref name="frequency"/> as often as each was
/// chosen, which is OpenAI's formula. The prompt does not count, as in vLLM.
/// </summary>
/// <param name="presence">0 changes nothing; below 0 repetition becomes likelier.</param>
/// <param name="frequency">The same.</param>
internal sealed class CountPenalty(double presence, double frequency)
{
    private readonly Dictionary<int, int> _counts = [];

    /// <summary>Takes an id that was chosen.</summary>
    public void See(int id)
    {
        if (presence != 0 || frequency != 0)
            _counts[id] = _counts.GetValueOrDefault(id) + 1;
    }

    /// <summary>Changes the logits of what was chosen.</summary>
    public void Apply(Span<float> logits)
    {
        foreach (var (id, count) in _counts)
            logits[id] -= (float)(presence + frequency * count);
    }
}
