using System.Globalization;

namespace Espalier.Models.Families;

/// <summary>
/// A family's one table, parameter name and role, read both ways. A name of a block's parameter holds <c>{layer}</c> where the checkpoint
/// has the block's number. Parameters that a checkpoint fuses into one tensor, along its rows, have names of their own,
/// <c>qkv_proj.weight#q</c>: the tensor's and what tells them apart.
/// </summary>
internal sealed class ParameterTable
{
    private const string Placeholder = "{layer}";

    private readonly Dictionary<ParameterRole, string> _names = [];
    private readonly Dictionary<string, ParameterRole> _roles = new(StringComparer.Ordinal);
    private readonly string _blockPrefix;

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
        }

        Roles = [.. rows.Select(static row => row.Role)];
    }

    /// <summary>The roles that the family has, in checkpoint order.</summary>
    public IReadOnlyList<ParameterRole> Roles { get; }

    /// <summary>The name of a parameter.</summary>
    public string NameOf(Parameter parameter) => _names.TryGetValue(parameter.Role, out var name)
        ? name.Replace(Placeholder, parameter.Layer.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
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
        var digits = rest.IndexOf('.');
        if (digits < 1 || (rest[0] == '0' && digits > 1)
            || !int.TryParse(rest[..digits], NumberStyles.None, CultureInfo.InvariantCulture, out var layer)
            || !_roles.TryGetValue($"{_blockPrefix}{Placeholder}{rest[digits..]}", out role))
            return false;
        parameter = new(role, layer);
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

        IEnumerable<NamedParameter> Of(ParameterSpec[] of, bool isPerLayer, int layer) => of
            .Where(spec => spec.IsPerLayer == isPerLayer && spec.Exists(config, config.LayerKinds[Math.Max(0, layer)]))
            .Select(spec => Named(new(spec.Role, layer), config));
    }

    /// <summary>The tensors that a checkpoint stores of it, in the same order.</summary>
    public IEnumerable<StoredTensor> Tensors(DecoderConfig config) => StoredTensor.Of(Parameters(config));

    private NamedParameter Named(Parameter parameter, DecoderConfig config) =>
        new(NameOf(parameter), parameter, ParameterSpec.Of(parameter.Role).Shape(config));
}
