namespace Espalier.Models.Families;

/// <summary>
/// A family's one table, parameter name and role, read both ways. A name of a block's parameter holds <c>{layer}</c> where the checkpoint
/// has the block's number, one of an expert's parameter <c>{expert}</c> for that of the expert. Parameters that a checkpoint fuses into one
/// tensor, along its rows, have names of their own, <c>qkv_proj.weight#q</c>: the tensor's and what tells them apart. Where it has the rows
/// of one unit after those of another, the axis stands before that, <c>q_proj.weight#heads:gate</c>; where it has the matrices of all
/// experts, transposed, that and the expert do, <c>gate_up_proj#transposed.{expert}.gate</c>.
/// </summary>
internal sealed class ParameterTable
{
    private const string Placeholder = "{layer}", ExpertPlaceholder = "{expert}";

    private readonly Dictionary<ParameterRole, string> _names = [];
    private readonly Dictionary<string, ParameterRole> _roles = new(StringComparer.Ordinal);
    private readonly string _blockPrefix;
    // What may stand between the numbers of block and expert; nothing where the family has no experts.
    private readonly HashSet<string> _expertPrefixes = new(StringComparer.Ordinal);

    /// <summary>Builds the table from its rows, in the order in which checkpoints list parameters.</summary>
    public ParameterTable(params (ParameterRole Role, string Name)[] rows)
    {
        _blockPrefix = "";
        foreach (var (role, name) in rows)
        {
            _names.Add(role, name);
            _roles.Add(name, role);
            var placeholder = name.IndexOf(Placeholder, StringComparison.Ordinal);
            if (placeholder >= 0)
                _blockPrefix = name[..placeholder];
            var expert = name.IndexOf(ExpertPlaceholder, StringComparison.Ordinal);
            if (expert >= 0)
                _expertPrefixes.Add(name[(placeholder + Placeholder.Length)..expert]);
        }

        Roles = [.. rows.Select(static row => row.Role)];
    }

    /// <summary>Builds the table of names that others have too.</summary>
    /// <param name="common">The name that each role has elsewhere.</param>
    /// <param name="roles">What there is, in the order in which checkpoints list parameters.</param>
    /// <param name="own">Names in place of the common ones.</param>
    public ParameterTable(
        IReadOnlyDictionary<ParameterRole, string> common, ParameterRole[] roles, params (ParameterRole Role, string Name)[] own)
        : this([.. roles.Select(role => (role, own.FirstOrDefault(row => row.Role == role).Name ?? common[role]))])
    {
    }

    /// <summary>The roles that the family has, in checkpoint order.</summary>
    public IReadOnlyList<ParameterRole> Roles { get; }

    public string NameOf(Parameter parameter) => _names.TryGetValue(parameter.Role, out var name)
        ? name.Replace(Placeholder, parameter.Layer.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace(ExpertPlaceholder, parameter.Expert.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
        : throw new EspalierException($"this family has no {parameter.Role}; it has {string.Join(", ", Roles)}");

    /// <summary>The parameter of a name; false where the table has no such name.</summary>
    public bool TryParse(string name, out Parameter parameter)
    {
        parameter = default;
        if (_roles.TryGetValue(name, out var role) && !ParameterSpec.Of(role).IsPerLayer)
        {
            parameter = new(role);
            return true;
        }

        if (!name.StartsWith(_blockPrefix, StringComparison.Ordinal))
            return false;
        var rest = name.AsSpan(_blockPrefix.Length);
        var expert = -1;
        if (!TryNumber(rest, out var layer, out var digits))
            return false;
        var key = $"{_blockPrefix}{Placeholder}{rest[digits..]}";
        foreach (var prefix in _expertPrefixes)
            if (rest[digits..].StartsWith(prefix, StringComparison.Ordinal))
            {
                rest = rest[(digits + prefix.Length)..];
                if (!TryNumber(rest, out expert, out digits))
                    return false;
                key = $"{_blockPrefix}{Placeholder}{prefix}{ExpertPlaceholder}{rest[digits..]}";
                break;
            }
        if (!_roles.TryGetValue(key, out role))
            return false;
        parameter = new(role, layer, expert);
        return true;
    }

    /// <summary>Every parameter that a decoder of this config has, in checkpoint order: embedding, blocks, final norm, head.</summary>
    public IEnumerable<NamedParameter> Parameters(DecoderConfig config)
    {
        var specs = Roles.Select(ParameterSpec.Of).ToArray();
        var first = Array.FindIndex(specs, static spec => spec.IsPerLayer);
        foreach (var parameter in Of(specs[..first], false, -1))
            yield return parameter;
        for (var layer = 0; layer < config.Layers; layer++)
            foreach (var parameter in Of(specs, true, layer))
                yield return parameter;
        foreach (var parameter in Of(specs[first..], false, -1))
            yield return parameter;

        IEnumerable<NamedParameter> Of(ParameterSpec[] of, bool isPerLayer, int layer)
        {
            ParameterSpec[] there = [.. of.Where(spec =>
                spec.IsPerLayer == isPerLayer && spec.Exists(config, config.LayerKinds[Math.Max(0, layer)]))];
            for (var i = 0; i < there.Length; i++)
            {
                if (!there[i].IsPerExpert)
                {
                    yield return Named(new(there[i].Role, layer), config);
                    continue;
                }
                // Expert by expert: those of one stand together.
                var end = i;
                while (end < there.Length && there[end].IsPerExpert)
                    end++;
                for (var expert = 0; expert < config.Experts; expert++)
                    foreach (var spec in there[i..end])
                        yield return Named(new(spec.Role, layer, expert), config);
                i = end - 1;
            }
        }
    }

    /// <summary>The tensors that a checkpoint stores of it, in the same order.</summary>
    public IEnumerable<StoredTensor> Tensors(DecoderConfig config) => StoredTensor.Of(Parameters(config), config);

    // A number as checkpoints write it, before a point or at the end.
    private static bool TryNumber(ReadOnlySpan<char> text, out int number, out int digits)
    {
        (number, digits) = (0, text.IndexOf('.') is >= 0 and var point ? point : text.Length);
        return digits >= 1 && !(text[0] == '0' && digits > 1)
            && int.TryParse(text[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    private NamedParameter Named(Parameter parameter, DecoderConfig config) =>
        new(NameOf(parameter), parameter, ParameterSpec.Of(parameter.Role).Shape(config));
}
