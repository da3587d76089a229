namespace Espalier.Models.Families.Fields;

/// <summary>
/// How positions turn, in the two forms that <c>config.json</c> has for it: <c>rope_theta</c>, <c>rope_scaling</c> and
/// <c>partial_rotary_factor</c> (transformers 4), or all of it inside <c>rope_parameters</c> (transformers 5). Both are read, also side by
/// side where they agree; one is written.
/// </summary>
internal static class RotaryFields
{
    private const string Parameters = "rope_parameters";
    private const string Scaling = "rope_scaling";
    private const string Theta = "rope_theta";
    private const string Fraction = "partial_rotary_factor";

    /// <summary>The base of layers with a window, where those have one of their own (Gemma-3).</summary>
    private const string LocalTheta = "rope_local_base_freq";

    /// <summary>The fields of transformers 4, which have no place beside <c>rope_parameters</c>.</summary>
    public static IReadOnlyList<string> Older { get; } = [Theta, Scaling, Fraction, LocalTheta];

    /// <summary>Reads either form.</summary>
    /// <param name="config">The config's fields.</param>
    /// <param name="maxPositions">max_position_embeddings.</param>
    /// <param name="partly">Whether the family may leave a part of each head unturned.</param>
    /// <param name="byKind">Whether layers with a window turn otherwise: then this is how the others do.</param>
    /// <exception cref="EspalierException">
    /// A value cannot be, the scaling is unknown, the two forms differ, or layers turn differently.
    /// </exception>
    public static RotaryConfig Read(ConfigFields config, int maxPositions, bool partly, bool byKind = false)
    {
        if (config.Object(Parameters) is not { } parameters || !parameters.Names.Any())
            return Read(config, null, maxPositions, partly);
        if (byKind)
            return Read(config, OfKind(config, parameters, LayerTypes.Full), maxPositions, partly);
        if (!parameters.Names.Any(parameters.IsObject))
            return Read(config, parameters, maxPositions, partly);

        var kinds = KindsOfLayers(config, parameters);
        var each = kinds.Select(kind => Read(config, parameters.Object(kind), maxPositions, partly)).ToArray();
        for (var i = 1; i < each.Length; i++)
            if (each[i] != each[0])
                throw config.Wrong(Parameters,
                    $"{kinds[0]} and {kinds[i]} differ; only one rotary embedding for all layers is supported");
        return each[0];
    }

    /// <summary>How layers with a window turn, where they turn otherwise than the others: by a base of their own.</summary>
    /// <exception cref="EspalierException">A value cannot be, or the two forms differ.</exception>
    public static RotaryConfig ReadLocal(ConfigFields config, int maxPositions)
    {
        var own = config.Object(Parameters) is { } parameters && parameters.Names.Any()
            ? OfKind(config, parameters, LayerTypes.Sliding)
            : null;
        double? newer = own?.Says(Theta) == true ? own.Positive(Theta) : null;
        if (newer is { } theta && config.Says(LocalTheta) && config.Positive(LocalTheta) != theta)
            throw own!.Wrong(Theta, $"{LocalTheta} is {ConfigJson.Float(config.Positive(LocalTheta))}; keep the one that the model was "
                + "trained with");
        return new()
        {
            Theta = newer ?? config.Positive(LocalTheta),
            Scaling = own is not null && RopeScalingFields.IsSaid(own) ? RopeScalingFields.Read(own, config, maxPositions) : null,
        };
    }

    /// <summary>
    /// Leaves one form in a config. Where both stand, the older one stays if it says the same on its own, for every release reads it; else
    /// <c>rope_parameters</c>, with what only the older one said.
    /// </summary>
    /// <param name="fields">The config, changed here.</param>
    /// <param name="view">The same config, to be read.</param>
    /// <param name="maxPositions">max_position_embeddings.</param>
    /// <param name="partly">Whether the family may leave a part of each head unturned.</param>
    /// <param name="byKind">Whether layers with a window turn otherwise.</param>
    /// <returns>Whether <c>rope_parameters</c> is what stays.</returns>
    public static bool KeepOneForm(JsonObject fields, ConfigFields view, int maxPositions, bool partly, bool byKind)
    {
        if (view.Object(Parameters) is not { } parameters || !parameters.Names.Any())
        {
            fields.Remove(Parameters);
            return false;
        }

        if (byKind)
            return KeepByKind(fields, view, maxPositions, partly);
        var both = Read(view, maxPositions, partly);
        var one = (JsonObject)fields[Parameters]!;
        if (parameters.Names.Any(parameters.IsObject))
            one = (JsonObject)one[KindsOfLayers(view, parameters)[0]]!;
        one = (JsonObject)one.DeepClone();
        fields.Remove(Parameters);
        if (fields[Theta] is not null && Read(view, maxPositions, partly) == both)
            return false;
        AddMissing(one, fields[Scaling] as JsonObject, fields[Theta]);
        fields.Remove(Theta);
        fields.Remove(Scaling);
        fields[Parameters] = one;
        return true;
    }

    private static bool KeepByKind(JsonObject fields, ConfigFields view, int maxPositions, bool partly)
    {
        var both = (Read(view, maxPositions, partly, byKind: true), ReadLocal(view, maxPositions));
        var kept = (JsonObject)fields[Parameters]!.DeepClone();
        fields.Remove(Parameters);
        if (fields[Theta] is not null && (Read(view, maxPositions, partly, byKind: true), ReadLocal(view, maxPositions)) == both)
            return false;
        AddMissing((JsonObject)kept[LayerTypes.Full]!, fields[Scaling] as JsonObject, fields[Theta]);
        AddMissing((JsonObject)kept[LayerTypes.Sliding]!, null, fields[LocalTheta]);
        foreach (var name in (string[])[Theta, Scaling, LocalTheta])
            fields.Remove(name);
        fields[Parameters] = kept;
        return true;
    }

    // What only the older form said.
    private static void AddMissing(JsonObject one, JsonObject? scaling, JsonNode? theta)
    {
        foreach (var (name, value) in (scaling ?? []).Append(new(Theta, theta)))
            if (one[name] is null && value is not null)
                one[name] = value.DeepClone();
    }

    /// <summary>Takes the newer form out of a config, whatever it says.</summary>
    public static void RemoveParameters(JsonObject fields) => fields.Remove(Parameters);

    /// <summary>
    /// Writes theta and fraction where the config has them, after <see cref="KeepOneForm"/>; the scaling stays as the source spells it.
    /// </summary>
    public static void Write(RotaryConfig rotary, JsonObject fields, bool partly)
    {
        var parameters = fields[Parameters] as JsonObject;
        // By kind of layer, where the family's layers turn differently.
        parameters = parameters?[LayerTypes.Full] as JsonObject ?? parameters;
        ConfigJson.SetFloat(parameters ?? fields, Theta, rotary.Theta);
        if ((parameters ?? fields[Scaling] as JsonObject) is { } scaling && scaling["rope_type"] is null)
            // Files from before 4.43 say "type" alone; transformers puts the newer name beside it, but Phi-3's class of transformers 4
            // wants three fields and no more.
            if (scaling["type"] is { } type && (parameters is not null || rotary.Scaling is not LongRope))
                scaling["rope_type"] = type.DeepClone();
            else if (parameters is not null)
                scaling["rope_type"] = "default";
        if (!partly)
            return;
        // transformers 5 writes it in both places.
        if (fields[Fraction] is not null || parameters is null)
            ConfigJson.SetFloat(fields, Fraction, rotary.Fraction);
        if (parameters is not null && (parameters[Fraction] is not null || fields[Fraction] is null))
            ConfigJson.SetFloat(parameters, Fraction, rotary.Fraction);
    }

    /// <summary>Writes how layers with a window turn, after <see cref="Write"/>.</summary>
    public static void WriteLocal(RotaryConfig rotary, JsonObject fields)
    {
        if (fields[Parameters]?[LayerTypes.Sliding] is not JsonObject own)
        {
            ConfigJson.SetFloat(fields, LocalTheta, rotary.Theta);
            return;
        }
        ConfigJson.SetFloat(own, Theta, rotary.Theta);
        own["rope_type"] ??= "default";
    }

    private static RotaryConfig Read(ConfigFields config, ConfigFields? parameters, int maxPositions, bool partly)
    {
        var scaling = config.Object(Scaling);
        return new()
        {
            Theta = Agreed(Theta, config, parameters, scaling) ?? config.Positive(Theta),
            Fraction = ReadFraction(config, parameters, scaling, partly),
            Scaling = ReadScaling(config, parameters, scaling, maxPositions),
        };
    }

    private static double ReadFraction(ConfigFields config, ConfigFields? parameters, ConfigFields? scaling, bool partly)
    {
        if (Agreed(Fraction, config, parameters, scaling) is not { } fraction)
            return partly ? config.Positive(Fraction) : 1;
        return partly || fraction == 1
            ? fraction
            : throw (config.Says(Fraction) ? config : parameters ?? scaling!).Wrong(Fraction,
                "this family rotates whole heads, and programs disagree on what this field means here; set it to 1.0 or remove it");
    }

    private static RotaryScaling? ReadScaling(ConfigFields config, ConfigFields? parameters, ConfigFields? scaling, int maxPositions)
    {
        var newer = parameters is null || !RopeScalingFields.IsSaid(parameters) ? null : parameters;
        var read = (newer ?? scaling) is { } either ? RopeScalingFields.Read(either, config, maxPositions) : null;
        if (newer is not null && scaling is not null && RopeScalingFields.Read(scaling, config, maxPositions) != read)
            throw config.Wrong(Parameters,
                $"{Scaling} says otherwise, and programs read one or the other: keep the one that the model was trained with");
        return read;
    }

    /// <summary>A positive number that may stand in several places; null where it stands in none.</summary>
    private static double? Agreed(string name, params ConfigFields?[] places)
    {
        (ConfigFields Place, double Value)? first = null;
        foreach (var place in places)
        {
            if (place?.Says(name) != true)
                continue;
            var value = place.Positive(name);
            if (first is { } other && other.Value != value)
                throw place.Wrong(name,
                    $"{other.Place.Path(name)} is {ConfigJson.Float(other.Value)}, and programs "
                        + "read one or the other: keep the one that the model was trained with");
            first ??= (place, value);
        }

        return first?.Value;
    }

    private static ConfigFields OfKind(ConfigFields config, ConfigFields parameters, string kind) =>
        parameters.IsObject(kind) ? parameters.Object(kind)!
            : throw config.Wrong(Parameters, $"this family has rotary settings for each kind of layer, but there is nothing for {kind}");

    /// <summary>The names under which <c>rope_parameters</c> holds settings of their own for the layers that there are.</summary>
    private static string[] KindsOfLayers(ConfigFields config, ConfigFields parameters)
    {
        if (parameters.Names.FirstOrDefault(name => parameters.Says(name) && !parameters.IsObject(name)) is { } single)
            throw parameters.Wrong(single, "it is given along with settings for single kinds of layers; keep either");
        string[] kinds = config.Says("layer_types") ? [.. config.Texts("layer_types").Distinct()] : [];
        if (kinds.FirstOrDefault(kind => !parameters.Says(kind)) is { } missing)
            throw config.Wrong(Parameters, $"there is nothing for {missing}, which layer_types names");
        return kinds.Length > 0 ? kinds : [.. parameters.Names.Where(parameters.Says)];
    }
}
