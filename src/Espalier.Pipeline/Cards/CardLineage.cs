namespace Espalier.Pipeline.Cards;

/// <summary>What was made from what, how each training went, and from which text: with the hashes of the records.</summary>
internal static class CardLineage
{
    private static readonly string[] s_knowledge = ["score", "search", "depth", "cache", "synthesize", "need"];

    public static void Write(CardPage page, CardFacts facts)
    {
        page.Heading(2, "Lineage");
        page.Paragraph("Each row was made from the rows that its hashes name. A hash is the SHA-256 of the names and contents of all files "
            + "in the result, so equal hashes mean equal files; for this folder it excludes this page.");
        var rows = new List<string[]> { new[] { "teacher", CardPage.Quoted(facts.TeacherName), "", CardPage.Quoted(facts.TeacherHash) } };
        var names = new Dictionary<string, string> { [facts.TeacherHash] = "teacher" };
        foreach (var stage in facts.Stages.Where(stage => stage.MakesModel || s_knowledge.Contains(stage.Record.Name)
            || stage.Sources.Count > 0))
        {
            rows.Add([stage.Record.Name, CardPage.Quoted(stage.Folder), From(stage, names), CardPage.Quoted(stage.Hash)]);
            names.TryAdd(stage.Hash, stage.Folder);
        }
        rows.Add(["this folder", CardPage.Quoted(facts.Export.Folder), From(facts.Export, names), CardPage.Quoted(facts.StudentHash)]);
        foreach (var file in facts.Arm.Gguf.Select(Path.GetFileName).OfType<string>())
            if (facts.Export.Record.Result[file] is { } hash)
                rows.Add(
                    [CardPage.Quoted(file), CardPage.Quoted(facts.Export.Folder), From(facts.Export, names),
                        CardPage.Quoted(hash.ToString())]);
        page.Table(["what", "stage", "made from", "sha256"], rows);
        Trainings(page, facts);
        Data(page, facts);
    }

    private static string From(CardStage stage, Dictionary<string, string> names) => string.Join(", ",
        stage.Record.Inputs.Where(input => names.ContainsKey(input.Value)).Select(input => CardPage.Quoted(names[input.Value])).Distinct());

    private static void Trainings(CardPage page, CardFacts facts)
    {
        CardStage[] trained = [.. facts.Stages.Where(stage => stage.Trains)];
        if (trained.Length == 0)
            return;
        page.Heading(2, "Training");
        page.Table(
            ["stage", "loss", ">steps", ">windows a step", ">tokens a window", ">tokens in all", ">highest learning rate",
                ">lowest", ">seed"],
            trained.Select(stage => new[]
            {
                CardPage.Quoted(stage.Folder), stage.Option("loss") is { } loss ? CardPage.Quoted(loss) : "",
                Units.Exact(stage.Number("steps")!.Value), stage.Option("batch") ?? "", stage.Option("sequence") ?? "",
                Units.Exact(stage.Number("tokens")!.Value), stage.Decimal("learning_rate"), stage.Decimal("min_learning_rate"),
                stage.Option("seed") ?? "",
            }));
        if (trained.Sum(stage => stage.Number("skipped_steps") ?? 0) is > 0 and var skipped)
            page.Paragraph($"{Units.Exact(skipped)} of the steps were skipped, because their loss or gradient was not finite.");
    }

    private static void Data(CardPage page, CardFacts facts)
    {
        page.Heading(2, "Text");
        page.Paragraph("The hash is the SHA-256 of a list with one line per file: its name, a space and the SHA-256 of its bytes; the "
            + "counts are those of the tokenizer.");
        page.Table(["stage", "files", "sha256", "counts"], facts.Stages.Where(stage => stage.Sources.Count > 0).Select(stage => new[]
        {
            CardPage.Quoted(stage.Folder), string.Join(", ", stage.Sources.Select(CardPage.Quoted)),
            stage.Record.Inputs.TryGetValue("text", out var hash) ? CardPage.Quoted(hash) : "", Counts(stage),
        }));
        foreach (var stage in facts.Stages.Where(stage => stage.Record.Name == "synthesize"))
            page.Paragraph($"{CardPage.Quoted(stage.Folder)} contains texts written by the teacher: {Counts(stage)}.");
    }

    private static string Counts(CardStage stage) => string.Join(", ", stage.Record.Result
        .Where(entry => stage.Number(entry.Key) is > 0)
        .Select(entry => $"{entry.Key.Replace('_', ' ')} {Units.Exact(stage.Number(entry.Key)!.Value)}"));
}
