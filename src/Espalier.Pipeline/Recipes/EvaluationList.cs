using Espalier.Evaluation.Catalog;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;

namespace Espalier.Pipeline.Recipes;

/// <summary>What a recipe evaluates on: words, names with paths, and benchmarks.</summary>
internal static class EvaluationList
{
    /// <summary>The part of the training text that is held out.</summary>
    public const string HeldOut = "held-out";

    private const string TeacherDomain = "teacher-domain", NameForm = "^[a-z0-9][a-z0-9-]{0,39}$", TaskKey = "task";

    /// <summary>The list as the value of a key.</summary>
    public static Kind<Evaluations> Kind => new(
        "NAME",
        Read,
        list => new JsonArray([.. list.Texts.Select(Written), .. list.Tasks.Select(task => task.Written)]),
        () => Schemas.OneOrMore(Schemas.AnyOf(
            Schemas.Words([HeldOut, TeacherDomain, .. TaskCatalog.Names]), Schemas.Pattern("[.][yY][aA]?[mM][lL]$"),
            Schemas.Section(TaskSection.Section), Named)))
    { Inner = TaskSection.Section };

    private static JsonObject Named => new()
    {
        ["type"] = "object",
        ["patternProperties"] = new JsonObject { [NameForm] = Schemas.Text() },
        ["additionalProperties"] = false,
        ["not"] = new JsonObject
        {
            ["anyOf"] = new JsonArray(
                [.. new[] { HeldOut, TaskKey }.Select(name => (JsonNode)new JsonObject { ["required"] = Kinds.List([name]) })]),
        },
    };

    private static JsonNode Written(EvaluationSet set) =>
        set.Source is { } source ? new JsonObject { [set.Name] = source } : JsonValue.Create(set.Name);

    private static Evaluations Read(SectionFields fields, string key)
    {
        var value = fields.Find(key)!;
        var (texts, tasks) = (new List<EvaluationSet>(), new List<TaskSection>());
        foreach (var item in value is YamlList list ? list.Items : [value])
        {
            if (item is YamlMap map && map.Entries.Any(entry => entry.Key.Text == TaskKey))
                tasks.Add(Known(fields, key, item, TaskSection.Read(fields, key, item)));
            else if (item is YamlMap named)
                foreach (var (name, source) in named.Entries)
                    texts.Add(Of(fields, key, name.Text, source));
            else if (item is YamlText { Text: HeldOut or TeacherDomain } text)
                texts.Add(new(text.Text, null));
            else if (item is YamlText { IsEmpty: false, Text: var task } && !task.Contains('\0'))
                tasks.Add(Known(fields, key, item, new() { Task = task }));
            else
                throw fields.At(item.Line, $"{key} must list {HeldOut}, {TeacherDomain}, {{ NAME: PATH }} or benchmarks");
        }
        return texts.Select(set => set.Name).Concat(tasks.Select(task => task.Name)).GroupBy(name => name, StringComparer.Ordinal)
            .FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw fields.At(value.Line, $"{key}: {twice.Key} appears twice; keep one") : new(texts, tasks);
    }

    private static TaskSection Known(SectionFields fields, string key, YamlValue item, TaskSection task)
    {
        string[] known = [HeldOut, TeacherDomain, .. TaskCatalog.Names];
        if (task.IsFile || TaskCatalog.Names.Contains(task.Task))
            return task;
        var hint = NearestName.Hint(task.Task, known);
        throw fields.At(item.Line,
            $"{key}: {OneLine.Shown(task.Task)} is not known.{hint} Known: {HeldOut}, {TeacherDomain} and names "
            + $"of benchmarks{(hint.Length > 0 ? "" : $" ({string.Join(", ", TaskCatalog.Names)})")}; your own benchmark is a file "
            + "that ends in .yaml, your own text is { NAME: PATH }");
    }

    private static EvaluationSet Of(SectionFields fields, string key, string name, YamlValue source)
    {
        // The name becomes part of a folder's.
        if (name.Length is 0 or > 40 || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') || name[0] == '-')
            throw fields.At(source.Line,
                $"{key}: {OneLine.Shown(name)} cannot name a text; a name has at most 40 characters: a-z, 0-9 and -");
        if (name == HeldOut)
            throw fields.At(source.Line,
                $"{key}: {HeldOut} is the held-out part of data.train and takes no path; give your text another name");
        if (source is not YamlText { IsEmpty: false, Text: { Length: > 0 } path } || path.Contains('\0'))
            throw fields.At(source.Line, $"{key}: {name} must have one path");
        return new(name, path);
    }
}
