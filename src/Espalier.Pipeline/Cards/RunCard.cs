using Espalier.Compression.Pruning;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Cards;

/// <summary>
/// The card of a run's student: what it is, made of what, how, from which text, and how good. It says what the run has on record and
/// nothing that depends on the clock or the machine, so that a run that was killed and went on has the same one.
/// </summary>
internal static class RunCard
{
    private static (string Name, Func<DecoderConfig, long> Value)[] SizesOf(CardFacts facts) =>
    [
        .. Axis.All.Select(axis => (facts.FieldOf(axis), (Func<DecoderConfig, long>)(config => axis.Of(config)))),
        ("head_dim", config => config.HeadDim), ("vocab_size", config => config.VocabularySize),
        ("max_position_embeddings", config => config.MaxPositions), ("parameters", config => config.Parameters),
        ("non-embedding parameters", config => config.NonEmbeddingParameters),
    ];

    /// <summary>Writes the card of a student that was just finished; a README.md of somebody's own stays, and is spoken of.</summary>
    /// <param name="run">The run, held.</param>
    /// <param name="arm">The student's results.</param>
    /// <param name="recipe">Its recipe.</param>
    /// <exception cref="EspalierException">A record is damaged, or the disk refused.</exception>
    public static void Write(RunContext run, CompressResult arm, Recipe recipe)
    {
        if (!run.Folder.WriteCard(arm.Student, Text(CardFacts.Of(arm, recipe, run.Manifest))))
            run.Progress.Note($"{Path.Combine(arm.Student, ModelCardFile.Name)} was not written by this run and was kept: "
                + "to get this run's model card, move it away and start again");
    }

    /// <summary>The card, without its seal.</summary>
    public static string Text(CardFacts facts)
    {
        var page = new CardPage();
        var licence = CardLicence.Of(facts.Recipe.Teacher);
        CardFrontMatter.Write(page, licence, facts.TeacherHubName, facts.TeacherName, Tags(facts));
        var name = facts.Arm.Arm.Length > 0 ? facts.Arm.Arm : "student";
        page.Heading(1, name);
        page.Paragraph(
            $"A language model of {Units.Exact(facts.Student.Parameters)} parameters, made by Espalier {facts.Version} from "
                + $"{CardPage.Plain(facts.TeacherName)}, which has {Units.Exact(facts.Teacher.Parameters)}: "
                + $"{string.Join(", then ", Done(facts))}. "
                + $"Its weights are stored as {facts.Export.Option("stored")}.");
        page.Heading(2, "Licence");
        page.Paragraph(licence.Sentence(CardPage.Plain(facts.TeacherName)));
        page.Heading(2, "What was cut");
        Sizes(page, facts);
        CardLineage.Write(page, facts);
        CardEvaluation.Write(page, facts);
        CardUse.Write(page, facts.Arm.Student, [.. facts.Arm.Gguf.Select(file => Path.GetFileName(file))], facts.Arm.Aligned is not null,
            PromptOf(facts));
        CardUse.Limits(page, facts);
        page.Heading(2, "Recipe");
        page.Paragraph(
            "The recipe, ready to run again; keys that it does not set have their defaults. Paths are those of the machine it ran on.");
        page.Code("json", Indented(Plain(JsonNode.Parse(RecipeFile.Canonical(facts.Recipe)))!));
        return page.ToString();
    }

    private static IEnumerable<string> Tags(CardFacts facts)
    {
        yield return "espalier";
        yield return facts.Student.Family;
        if (facts.Student.Parameters < facts.Teacher.Parameters)
            yield return "pruned";
        foreach (var (stage, tag) in new[] { ("distill", "knowledge-distillation"), ("align-sft", "sft"), ("align-dpo", "dpo") })
            if (facts.Stages.Any(of => of.Record.Name == stage))
                yield return tag;
        if (facts.Arm.Gguf.Count > 0)
            yield return "gguf";
    }

    /// <summary>What was done, in order, in the words of the stages.</summary>
    private static IEnumerable<string> Done(CardFacts facts)
    {
        foreach (var stage in facts.Stages.Where(stage => stage.MakesModel))
        {
            var much = stage.Trains ? $" ({Units.Exact(stage.Number("steps")!.Value)} steps, "
                + $"{Units.Exact(stage.Number("tokens")!.Value)} tokens)" : "";
            yield return stage.Record.Name switch
            {
                "correct" => $"the teacher was first trained on the text below{much}",
                "prune" => "the least important parts were pruned",
                "mask" => "the least important weights were set to zero",
                "distill" => $"the rest was distilled from the teacher{much}",
                var name => $"{CardPage.Quoted(name)}{much}",
            };
        }
    }

    private static void Sizes(CardPage page, CardFacts facts)
    {
        page.Table(["", $">{CardPage.Plain(facts.TeacherName)}", ">this model", ">share"],
            SizesOf(facts).Where(size => size.Value(facts.Teacher) > 0).Select(size =>
        {
            var (old, now) = (size.Value(facts.Teacher), size.Value(facts.Student));
            return new[] { CardPage.Plain(size.Name), Units.Exact(old), Units.Exact(now), old == now ? "all"
                : CardPage.Share(now, old) };
        }));
        int[] kept = facts.Arm.Plan is { } plan && File.Exists(plan) ? [.. PlanFile.Read(plan).Layers ?? []] : [];
        if (kept.Length < facts.Teacher.Layers && kept.Length == facts.Student.Layers && facts.Recipe.Cycles is null)
            page.Paragraph($"Layers of the teacher that were kept, counted from 0: {string.Join(", ", kept)}.");
    }

    // A document of the run's is the user's, and this page is published; that of the .NET SDK everybody has.
    private static string PromptOf(CardFacts facts) =>
        facts.Recipe.Data.Train is [RecipePaths.DotnetDocs] ? SamplePrompt.Of(facts.Arm) : SamplePrompt.Otherwise;

    /// <summary>The same recipe with numbers in decimals, true and false without quotes; hashes are of the text it is made from.</summary>
    private static JsonNode? Plain(JsonNode? node) => node switch
    {
        JsonObject map => new JsonObject(map.Select(entry => KeyValuePair.Create(entry.Key,
            entry.Value is JsonValue value && value.TryGetValue<string>(out var word) && word is "true" or "false"
                ? JsonValue.Create(word == "true") : Plain(entry.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Plain)]),
        JsonValue value when value.GetValueKind() == JsonValueKind.Number => JsonNode.Parse(CardPage.Decimal(value.ToJsonString())),
        _ => node?.DeepClone(),
    };

    private static string Indented(JsonNode json)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new()
        {
            Indented = true,
            NewLine = "\n",
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping
        }))
            json.WriteTo(writer);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
