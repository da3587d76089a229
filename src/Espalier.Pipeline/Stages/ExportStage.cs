using System.Text.Json.Nodes;
using Espalier.Files;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Families;
using Espalier.Models.Gguf;
using Espalier.Models.Runtimes;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages;

/// <summary>The deployable result: a Hugging Face folder, such as <c>student/</c> at the top of the run folder, and GGUF files beside it.</summary>
public static class ExportStage
{
    /// <summary>The runtime that stands for GGUF files among the verdicts of <see cref="Preflight"/>.</summary>
    internal const string Gguf = "GGUF";

    /// <summary>Writes what is missing or was changed.</summary>
    /// <param name="run">The run.</param>
    /// <param name="folder">The Hugging Face folder to make; GGUF files get its name with <c>-TYPE.gguf</c> behind it.</param>
    /// <param name="trained">The model to export.</param>
    /// <param name="name">The exported model's name in tables.</param>
    /// <param name="stored">Element type of the folder's weights.</param>
    /// <param name="kinds">What to write beside the Hugging Face folder. GGUF files are made from <paramref name="trained"/> itself, not from weights that were rounded for the folder.</param>
    /// <param name="clamp">Whether weights beyond a type's range become its largest number instead of being refused.</param>
    public static (ModelFolder Model, IReadOnlyList<string> Gguf) Run(
        RunContext run, string folder, ModelFolder trained, string name, ElementType stored, IReadOnlyList<ExportKind> kinds, bool clamp = false)
    {
        folder = Path.GetFullPath(folder);
        var types = kinds.Where(kind => kind != ExportKind.Hf).Select(TypeOf).Distinct().ToArray();
        var files = types.Select(type => FileOf(folder, type)).ToArray();
        var options = new JsonObject
        {
            ["stored"] = stored.Name(),
            ["gguf"] = new JsonArray([.. types.Select(type => (JsonNode)type.Name())]),
            ["folder"] = Path.GetRelativePath(run.Folder.Path, folder),
        };
        // Where there is nothing to say, the key is that of runs of earlier versions.
        if (types.Length > 0)
            options["gguf_from"] = "model";
        if (clamp)
            options["clamp"] = true;
        var inputs = new Dictionary<string, string> { ["model"] = trained.Hash };
        var key = StageKey.Of("export", options, inputs);
        // Before the record is forgotten that may be all that vouches for them.
        foreach (var output in files.Prepend(folder))
            run.Folder.Require(output);
        // The results do not lie in the stage's folder: when they are not what the stage left there, it is done again.
        var before = run.RecordOf(key);
        if (before is not null && HashesOf(folder, files).ToJsonString() != before.Result.ToJsonString())
            run.Forget(key);
        var record = run.Do("export", options, inputs, (_, _) =>
        {
            run.Folder.Publish([folder, .. files], place =>
            {
                var made = Path.Combine(place, Path.GetFileName(folder));
                using (var source = trained.Open())
                    WriteFolder(run, source, made, stored, kinds, clamp);
                foreach (var (type, file) in types.Zip(files))
                {
                    run.Progress.Note($"export: {Path.GetFileName(file)}");
                    GgufExporter.Export(
                        trained.Path, Path.Combine(place, Path.GetFileName(file)), type, name: Path.GetFileName(folder), clamp: clamp, cancellation: run.Stop);
                }
            });
            return HashesOf(folder, files);
        });
        return (new(name, folder, (string)record.Result["folder"]!), files);
    }

    /// <summary>What an export writes: the Hugging Face folder first, then GGUF files beside it.</summary>
    public static IReadOnlyList<string> OutputsOf(string folder, IReadOnlyList<ExportKind> kinds)
    {
        folder = Path.GetFullPath(folder);
        return [folder, .. kinds.Where(kind => kind != ExportKind.Hf).Select(TypeOf).Distinct().Select(type => FileOf(folder, type))];
    }

    /// <summary>
    /// What would stop an export at its end, or make transformers read the folder differently than it is meant, found from the shape alone. The other
    /// programs' differences are told: there is a way round them.
    /// </summary>
    /// <param name="family">The student's family.</param>
    /// <param name="student">Its shape.</param>
    /// <param name="source">The teacher's config.json, whose other fields stay.</param>
    /// <param name="kinds">What will be written.</param>
    /// <param name="tokenizerFolder">The folder whose tokenizer the student gets: the teacher's.</param>
    /// <returns>What each program makes of the folder, and under <c>GGUF</c> what those files say less exactly; no weights are read.</returns>
    /// <exception cref="EspalierException">A GGUF file that llama.cpp has no words for, or shapes that transformers does not read back.</exception>
    public static IReadOnlyList<RuntimeVerdict> Preflight(
        Family family, DecoderConfig student, JsonObject source, IReadOnlyList<ExportKind> kinds, string tokenizerFolder)
    {
        var losses = kinds.Any(kind => kind != ExportKind.Hf) ? GgufExporter.Check(student, tokenizerFolder, "the student") : [];
        IReadOnlyList<RuntimeVerdict> verdicts = [.. Models.Runtimes.Preflight.OfTarget(family, student, source), new(Gguf, losses)];
        if (verdicts.First(verdict => verdict.Runtime == "transformers").Findings is [var finding, ..])
            throw new EspalierException($"export: transformers would not read the student back: {finding}") { ExitCode = 1 };
        return verdicts;
    }

    private static void WriteFolder(RunContext run, Checkpoint source, string folder, ElementType stored, IReadOnlyList<ExportKind> kinds, bool clamp)
    {
        foreach (var (runtime, findings) in Preflight(source.Family, source.Config, source.RawConfig, kinds, source.Folder))
            foreach (var finding in findings)
                run.Progress.Warn($"export: {runtime}: {finding}");
        if (Tokenizer.DisagreementIn(source.Folder) is { } disagreement)
            run.Progress.Warn($"export: {disagreement}");
        var narrowing = new Narrowing(clamp);
        CheckpointWriter.Write(folder, source.Config, source, stored, source, new() { Narrowing = narrowing }, run.Stop);
        if (narrowing.Warning is { } warning)
            run.Progress.Warn($"export: {warning}");
        if (ReloadCheck.Fits(source.Config))
            ReloadCheck.Require(source, folder, stored, clamp);
        else
            run.Progress.Warn($"export: {folder} was not loaded again to compare its logits: that takes {Units.Memory(ReloadCheck.Bytes(source.Config))} of memory");
    }

    private static string FileOf(string folder, GgufType type) => $"{folder}-{type.Name()}.gguf";

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
