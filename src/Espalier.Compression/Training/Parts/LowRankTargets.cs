namespace Espalier.Compression.Training.Parts;

/// <summary>
/// Which matrices of the blocks have low-rank factors beside them: <c>q_proj</c>, <c>k_proj</c>, <c>v_proj</c>, <c>o_proj</c>,
/// <c>gate_proj</c>, <c>up_proj</c>, <c>down_proj</c>, or <c>attention</c>, <c>mlp</c>, <c>mamba</c> and <c>delta</c> (linear attention)
/// for all of theirs. Parts of a fused tensor go by the same names. A router and the experts of a mixture have none, but for the expert
/// that every token goes to: they are trained whole or not at all.
/// </summary>
internal sealed record LowRankTargets
{
    private static readonly (string Word, ParameterRole[] Roles)[] s_words =
    [
        ("attention", Roles(ParameterGroup.Attention)),
        ("mlp", Roles(ParameterGroup.Mlp)),
        ("q_proj", [ParameterRole.QueryProjection, ParameterRole.QueryGateProjection]),
        ("k_proj", [ParameterRole.KeyProjection]),
        ("v_proj", [ParameterRole.ValueProjection]),
        ("o_proj", [ParameterRole.OutputProjection]),
        ("gate_proj", [ParameterRole.GateProjection, ParameterRole.SharedGateProjection]),
        ("up_proj", [ParameterRole.UpProjection, ParameterRole.SharedUpProjection]),
        ("down_proj", [ParameterRole.DownProjection, ParameterRole.SharedDownProjection]),
        ("mamba", Roles(ParameterGroup.Mamba)),
        ("delta", Roles(ParameterGroup.Delta)),
    ];

    private readonly ParameterRole[] _roles;

    private LowRankTargets(ParameterRole[] roles) => _roles = roles;

    /// <summary>All matrices of the blocks.</summary>
    public static LowRankTargets All { get; } = Parse(["attention", "mlp", "mamba", "delta"]);

    /// <summary>One of the words, as a pattern of JSON Schema.</summary>
    internal static string Pattern => $"^({string.Join('|', s_words.Select(word => word.Word))})$";

    /// <summary>The words in a fixed order, the fewest: one spelling for each meaning.</summary>
    public IReadOnlyList<string> Words
    {
        get
        {
            // Words for whole groups first; what they name is not named again.
            var (words, left) = (new List<string>(), _roles.ToHashSet());
            foreach (var (word, roles) in s_words.OrderBy(word => word.Roles.Length > 2 ? 0 : 1))
                if (roles.All(_roles.Contains) && left.Overlaps(roles))
                {
                    words.Add(word);
                    left.ExceptWith(roles);
                }
            return words;
        }
    }

    /// <summary>Reads the words.</summary>
    /// <exception cref="EspalierException">A word that is none of the known ones, or no word.</exception>
    public static LowRankTargets Parse(IEnumerable<string> words)
    {
        var roles = words.SelectMany(Of).Distinct().Order().ToArray();
        return roles.Length > 0 ? new(roles) : throw new EspalierException("it must name at least one");
    }

    /// <summary>Whether a parameter is a matrix that has factors.</summary>
    public bool Has(Parameter parameter) => _roles.Contains(parameter.Role);

    /// <summary>The matrices of a model that have factors.</summary>
    /// <param name="parameters">All parameters of the model.</param>
    /// <param name="frozen">What stays as it is altogether.</param>
    /// <exception cref="EspalierException">There are none.</exception>
    public IEnumerable<Parameter> Within(IEnumerable<Parameter> parameters, FrozenParts frozen)
    {
        Parameter[] found = [.. parameters.Where(parameter => Has(parameter) && !frozen.Hold(parameter))];
        return found.Length > 0 ? found : throw new EspalierException(
            $"lora-targets: {string.Join(", ", Words)}, and "
            + $"{(frozen.IsEmpty ? "this model has none of them" : $"freeze names them all ({string.Join(", ", frozen.Words)})")}; "
            + "leave something to train");
    }

    public bool Equals(LowRankTargets? other) => other is not null && _roles.SequenceEqual(other._roles);

    public override int GetHashCode() => _roles.Aggregate(0, HashCode.Combine);

    private static ParameterRole[] Roles(ParameterGroup group) =>
        [.. ParameterSpec.All.Where(spec => spec is { Input: not null, IsPerExpert: false,
            Role: not (ParameterRole.Router or ParameterRole.SharedExpertGate) }
            && spec.Group == group).Select(spec => spec.Role)];

    private static ParameterRole[] Of(string word)
    {
        if (s_words.FirstOrDefault(known => known.Word == word).Roles is { } roles)
            return roles;
        var shown = new string([.. word.Take(40).Select(c => char.IsControl(c) ? '?' : c)]);
        var known = s_words.Select(entry => entry.Word).ToArray();
        throw new EspalierException($"unknown '{shown}'.{NearestName.Hint(shown, known)} Known: {string.Join(", ", known)}");
    }
}
