using System.Text.Json.Nodes;
using Espalier.Files;
using Espalier.Pipeline.Options;

namespace Espalier.Pipeline.Recipes;

/// <summary>What a recipe evaluates on: words, and names with paths.</summary>
internal static class EvaluationList
{
    /// <summary>The part of the training text that is held out.</summary>
    public const string HeldOut = "held-out";

    private const string TeacherDomain = "teacher-domain", NameForm = "^[a-z0-9][a-z0-9-]{0,39}$";

    /// <summary>The list as the value of a key.</summary>
    public static Kind<IReadOnlyList<EvaluationSet>> Kind => new(
        "NAME",
        Read,
        sets => new JsonArray(
            [.. sets.Select(set => set.Source is { } source ? (JsonNode)new JsonObject { [set.Name] = source }
                : JsonValue.Create(set.Name))]),
        () => Schemas.OneOrMore(Schemas.AnyOf(Schemas.Words([HeldOut, TeacherDomain]), Named)));

    private static JsonObject Named => new()
    {
        ["type"] = "object",
        ["patternProperties"] = new JsonObject { [NameForm] = Schemas.Text() },
        ["additionalProperties"] = false,
        ["not"] = new JsonObject { ["required"] = Kinds.List([HeldOut]) },
    };

    private static List<EvaluationSet> Read(SectionFields fields, string key)
    {
        var value = fields.Find(key)!;
        var sets = new List<EvaluationSet>();
        foreach (var item in value is YamlList list ? list.Items : [value])
        {
            if (item is YamlMap map)
                foreach (var (name, source) in map.Entries)
                    sets.Add(Of(fields, key, name.Text, source));
            else if (item is YamlText { Text: HeldOut or TeacherDomain } text)
                sets.Add(new(text.Text, null));
            else if (item is YamlText unknown)
                throw fields.At(item.Line,
                    $"{key}: {OneLine.Clipped(unknown.Text)} is not known.{NearestName.Hint(unknown.Text, [HeldOut, TeacherDomain])} "
                    + $"Known are {HeldOut} and {TeacherDomain}; a text of your own is {{ NAME: PATH }}");
            else
                throw fields.At(item.Line, $"{key} must list {HeldOut}, {TeacherDomain} or {{ NAME: PATH }}");
        }
        return sets.GroupBy(set => set.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw fields.At(value.Line, $"{key}: {twice.Key} is there twice; keep one") : sets;
    }

    private static EvaluationSet Of(SectionFields fields, string key, string name, YamlValue source)
    {
        // The name becomes part of a folder's.
        if (name.Length is 0 or > 40 || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') || name[0] == '-')
            throw fields.At(source.Line,
                $"{key}: {OneLine.Clipped(name)} cannot name a text; a name has a-z, 0-9 and -, and at most 40 of them");
        if (name == HeldOut)
            throw fields.At(source.Line,
                $"{key}: {HeldOut} is the part of data.train that is held out and has no path; give yours another name");
        if (source is not YamlText { IsEmpty: false, Text: { Length: > 0 } path } || path.Contains('\0'))
            throw fields.At(source.Line, $"{key}: {name} must have one path");
        return new(name, path);
    }
}
