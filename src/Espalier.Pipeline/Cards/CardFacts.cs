using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Pipeline.Cards;

/// <summary>A stage of the arm, with what it left on record.</summary>
internal sealed record CardStage(string Folder, StageRecord Record)
{
    /// <summary>Hash of what it made.</summary>
    public string Hash => Record.OutputHash;

    public bool Trains => Number("steps") is not null && Number("tokens") is not null;

    public bool MakesModel => Record.Artefacts.Any(file => file.Name == $"model/{CheckpointFolder.ConfigFile}");

    /// <summary>A whole number that it found out; null where it found none of that name.</summary>
    public long? Number(string name) => (Record.Result[name] as JsonValue)?.TryGetValue(out long number) == true ? number : null;

    /// <summary>An option that determined it, as it stands in the record; null where it has none of that name.</summary>
    public string? Option(string name) => (Record.Options as JsonObject)?[name] is JsonValue value ? value.ToString() : null;

    /// <summary>An option that is a number, as decimals; empty where it has none of that name.</summary>
    public string Decimal(string name) => Option(name) is { } option ? CardPage.Decimal(option) : "";

    /// <summary>Files that it read, as the recipe names them.</summary>
    public IReadOnlyList<string> Sources =>
        (Record.Options as JsonObject)?["sources"] is JsonArray sources ? [.. sources.Select(source => source!.ToString())] : [];
}

/// <summary>What a finished run has on record about one of its students: all that its card may say.</summary>
internal sealed class CardFacts
{
    private CardFacts(CompressResult arm, Recipe recipe, RunManifest manifest, IReadOnlyList<CardStage> stages)
    {
        (Arm, Recipe, Stages) = (arm, recipe, stages);
        Version = manifest.ProgramVersion.Split('+')[0];
        (Teacher, FieldOf) = ConfigOf(recipe.Teacher);
        (Student, _) = ConfigOf(arm.Student);
        TeacherHubName = CardFrontMatter.HubNameOf(recipe.Teacher);
        TeacherName = TeacherHubName ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(recipe.Teacher)));
        TeacherHash = HashOf("teacher");
        StudentHash = Export.Record.Result["folder"]!.ToString();
    }

    /// <summary>What came out.</summary>
    public CompressResult Arm { get; }

    /// <summary>What was asked for.</summary>
    public Recipe Recipe { get; }

    /// <summary>The stages with a record, in their order.</summary>
    public IReadOnlyList<CardStage> Stages { get; }

    /// <summary>The program's version, without its commit.</summary>
    public string Version { get; }

    public DecoderConfig Teacher { get; }

    /// <summary>The name of a size in the teacher's <c>config.json</c>.</summary>
    public Func<Axis, string> FieldOf { get; }

    public DecoderConfig Student { get; }

    /// <summary>The teacher's name on the Hub, where its folder is one of the Hub's download cache; else null.</summary>
    public string? TeacherHubName { get; }

    /// <summary>That, or the name of its folder.</summary>
    public string TeacherName { get; }

    public string TeacherHash { get; }

    /// <summary>Hash of the student's folder, without the card.</summary>
    public string StudentHash { get; }

    /// <summary>The stage that wrote the folder.</summary>
    public CardStage Export => Stages.Last(stage => stage.Record.Name == "export");

    /// <summary>The facts of a finished arm.</summary>
    /// <param name="arm">Its results.</param>
    /// <param name="recipe">Its recipe.</param>
    /// <param name="manifest">The run's manifest.</param>
    /// <exception cref="EspalierException">A record is damaged.</exception>
    public static CardFacts Of(CompressResult arm, Recipe recipe, RunManifest manifest)
    {
        var stages = new List<CardStage>();
        foreach (var row in arm.Stages.DistinctBy(row => row.Folder))
            if (StageRecord.Read(RunLayout.StageOf(arm.Output, row.Folder)) is { } record)
                stages.Add(new(row.Folder, record));
        return new(arm, recipe, manifest, stages);
    }

    // What was evaluated is what was read.
    private string HashOf(string model) =>
        Stages.First(stage => stage.Folder == Arm.Rows.First(row => row.Model == model).Stage).Record.Inputs["model"];

    private static (DecoderConfig Config, Func<Axis, string> FieldOf) ConfigOf(string folder)
    {
        using var checkpoint = Checkpoint.Open(folder, requireWeights: false);
        var (family, raw) = (checkpoint.Family, checkpoint.RawConfig);
        return (checkpoint.Config, axis => family.NameOf(axis, raw));
    }
}
