using System.Text.Json.Nodes;
using Espalier.Compression.Runs;
using Espalier.Models.Checkpoints;
using Espalier.Models.Gguf;

namespace Espalier.Compression.Recipes.Stages;

/// <summary>The deployable result: a Hugging Face folder, such as <c>student/</c> at the top of the run folder, and GGUF files beside it.</summary>
public static class ExportStage
{
    /// <summary>Writes what is missing or was changed.</summary>
    /// <param name="run">The run.</param>
    /// <param name="folder">The Hugging Face folder to make; GGUF files get its name with <c>-TYPE.gguf</c> behind it.</param>
    /// <param name="trained">The model to export.</param>
    /// <param name="name">The exported model's name in tables.</param>
    /// <param name="stored">Element type of the folder's weights.</param>
    /// <param name="kinds">What to write beside the Hugging Face folder.</param>
    public static (ModelFolder Model, IReadOnlyList<string> Gguf) Run(
        RunContext run, string folder, ModelFolder trained, string name, ElementType stored, IReadOnlyList<ExportKind> kinds)
    {
        folder = Path.GetFullPath(folder);
        var types = kinds.Where(kind => kind != ExportKind.Hf).Select(TypeOf).Distinct().ToArray();
        var files = types.Select(type => $"{folder}-{type.Name()}.gguf").ToArray();
        var options = new JsonObject
        {
            ["stored"] = stored.Name(),
            ["gguf"] = new JsonArray([.. types.Select(type => (JsonNode)type.Name())]),
            ["folder"] = Path.GetRelativePath(run.Folder.Path, folder),
        };
        var inputs = new Dictionary<string, string> { ["model"] = trained.Hash };
        var key = StageKey.Of("export", options, inputs);
        // The results do not lie in the stage's folder: when they are not what the stage left there, it is done again.
        var before = run.RecordOf(key);
        if (before is not null && HashesOf(folder, files).ToJsonString() != before.Result.ToJsonString())
            run.Forget(key);
        var record = run.Do("export", options, inputs, (_, _) =>
        {
            run.Folder.Files.EnsureFolder(Path.GetDirectoryName(folder)!);
            run.Folder.Files.DeleteTree(folder);
            using (var source = trained.Open())
                CheckpointWriter.Write(folder, source.Config, source, stored, source, cancellation: run.Stop);
            for (var i = 0; i < files.Length; i++)
            {
                run.Progress.Note($"export: {Path.GetFileName(files[i])}");
                GgufExporter.Export(folder, files[i], types[i], cancellation: run.Stop);
            }
            return HashesOf(folder, files);
        });
        return (new(name, folder, (string)record.Result["folder"]!), files);
    }

    private static JsonObject HashesOf(string folder, IReadOnlyList<string> files)
    {
        var hashes = new JsonObject { ["folder"] = Directory.Exists(folder) ? ContentHash.OfFolder(folder) : null };
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
