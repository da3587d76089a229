using System.Text.Json.Nodes;
using Espalier.Compression.Runs;
using Espalier.Models.Checkpoints;
using Espalier.Models.Gguf;

namespace Espalier.Compression.Recipes.Stages;

/// <summary>The deployable result at the top of the run folder: <c>student/</c> in the teacher's element type, and GGUF files beside it.</summary>
public static class ExportStage
{
    /// <summary>Writes what is missing or was changed; the student's folder and the GGUF files.</summary>
    /// <param name="run">The run.</param>
    /// <param name="place">Folder inside the run folder for the results, or empty for the run folder itself.</param>
    /// <param name="trained">The trained student in float32.</param>
    /// <param name="stored">Element type of the student's folder.</param>
    /// <param name="kinds">What to write beside the Hugging Face folder.</param>
    public static (ModelFolder Student, IReadOnlyList<string> Gguf) Run(
        RunContext run, string place, ModelFolder trained, ElementType stored, IReadOnlyList<ExportKind> kinds)
    {
        var root = Path.Combine(run.Folder.Path, place);
        var student = Path.Combine(root, "student");
        var types = kinds.Where(kind => kind != ExportKind.Hf).Select(TypeOf).Distinct().ToArray();
        var files = types.Select(type => Path.Combine(root, $"student-{type.Name()}.gguf")).ToArray();
        var options = new JsonObject
        {
            ["stored"] = stored.Name(),
            ["gguf"] = new JsonArray([.. types.Select(type => (JsonNode)type.Name())]),
            ["place"] = place,
        };
        var inputs = new Dictionary<string, string> { ["model"] = trained.Hash };
        var key = StageKey.Of("export", options, inputs);
        // What lies at the top of the run folder is not the stage's own: when it is not what the stage left there, the stage is done again.
        var before = run.RecordOf(key);
        if (before is not null && HashesOf(student, files).ToJsonString() != before.Result.ToJsonString())
            run.Forget(key);
        var record = run.Do("export", options, inputs, (_, _) =>
        {
            run.Folder.Files.EnsureFolder(root);
            run.Folder.Files.DeleteTree(student);
            using (var source = trained.Open())
                CheckpointWriter.Write(student, source.Config, source, stored, source, cancellation: run.Stop);
            for (var i = 0; i < files.Length; i++)
            {
                run.Progress.Note($"export: {Path.GetFileName(files[i])}");
                GgufExporter.Export(student, files[i], types[i], cancellation: run.Stop);
            }
            return HashesOf(student, files);
        });
        return (new("student", student, (string)record.Result["student"]!), files);
    }

    private static JsonObject HashesOf(string student, IReadOnlyList<string> files)
    {
        var hashes = new JsonObject { ["student"] = Directory.Exists(student) ? ContentHash.OfFolder(student) : null };
        foreach (var file in files)
            hashes[Path.GetFileName(file)] = File.Exists(file) ? ContentHash.OfFile(file) : null;
        return hashes;
    }

    private static GgufType TypeOf(ExportKind kind) => kind switch
    {
        ExportKind.GgufF32 => GgufType.F32,
        ExportKind.GgufF16 => GgufType.F16,
        ExportKind.GgufBf16 => GgufType.BF16,
        _ => GgufType.Q8_0,
    };
}
